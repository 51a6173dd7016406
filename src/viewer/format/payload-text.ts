/**
 * A payload as text for people. JSON is indented token by token, so that every number, escape and repeated
 * member stays as it was sent: parsing and printing it again would change them. Anything else stays as it is.
 */
import { withoutEventMembers } from '../../messages/event-payload.ts';

const INDENT = '  ';
/** A string, a bracket, a comma, a colon, white space, or anything else up to the next of these. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[[\]{},:]|\s+|[^[\]{},:\s"]+/g;

export interface PayloadText {
  readonly text: string;
  readonly isJson: boolean;
}

export function payloadText(payload: string): PayloadText {
  return isStructured(payload) ? { text: indented(payload), isJson: true } : { text: payload, isJson: false };
}

/** Bare numbers and words look the same with and without indentation. */
function isStructured(text: string): boolean {
  if (!/^\s*[[{]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function indented(json: string): string {
  const parts: string[] = [];
  let depth = 0;
  let before = '';
  const newLine = (): number => parts.push(`\n${INDENT.repeat(depth)}`);
  for (const [token] of json.matchAll(TOKEN)) {
    if (/^\s/.test(token)) continue;
    const wasOpened = before === '{' || before === '[';
    if (token === '}' || token === ']') {
      depth--;
      // Keep `{}` and `[]` on one line.
      if (!wasOpened) newLine();
    } else if (wasOpened || before === ',') {
      newLine();
    }
    parts.push(token === ':' ? ': ' : token);
    if (token === '{' || token === '[') depth++;
    before = token;
  }
  return parts.join('');
}

const PREVIEW_CHARACTERS_MAX = 240;

/** The beginning of a payload on one line. */
export function payloadPreview(payload: string): string {
  const beginning = withoutEventMembers(payload.slice(0, 2 * PREVIEW_CHARACTERS_MAX));
  return beginning === '{}' ? '' : beginning.replaceAll(/\s+/g, ' ').trim().slice(0, PREVIEW_CHARACTERS_MAX);
}

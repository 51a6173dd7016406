/**
 * Formats a payload for people. JSON is indented token by token, because parsing and printing it again would change
 * numbers, escapes and repeated members. Other text is not changed.
 */
import { withoutEventMembers } from '../../messages/event-payload.ts';

const INDENT = '  ';
/** Matches a string, a bracket, a comma, a colon, white space, or any other text up to the next of these. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[[\]{},:]|\s+|[^[\]{},:\s"]+/g;

export interface PayloadText {
  readonly text: string;
  readonly isJson: boolean;
}

export function payloadText(payload: string): PayloadText {
  return isStructured(payload) ? { text: indented(payload), isJson: true } : { text: payload, isJson: false };
}

/** True for JSON objects and arrays. Other JSON values look the same with and without indentation. */
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

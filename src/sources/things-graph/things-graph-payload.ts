/**
 * Reads single members of a Things Graph payload. A payload is prose, JSON, or text that only looks like JSON
 * (`{stepId: Step2ReadSqsPayloadLambda, input: null, …}`). Only members of the outermost object count,
 * because nested members are data of the flow.
 */

/**
 * Maximum number of characters searched in a payload. Step and error are near its start, and the bound keeps
 * a search through ENDING_MESSAGES_MAX large payloads fast.
 */
const SEARCHED_CHARACTERS_MAX = 4_096;

const TOKEN = /"((?:[^"\\]|\\.)*)"?|([^\s"{}[\](),:=]+)|([{[(])|([}\])])|([,:=])/g;
const NAME_ENDS = /\s*[:=]\s*/y;
const VALUE = /"([^"\\]{1,256})"|([^"{}[\](),\s]{1,256})/y;

/** Returns the text of a member, such as `stepId`. Undefined if the member is absent or not text. */
export function payloadMember(payload: string, name: string): string | undefined {
  const text = payload.slice(0, SEARCHED_CHARACTERS_MAX);
  if (!/^\s*\{/.test(text)) return undefined;
  let depth = 0;
  let isName = false;
  for (const token of text.matchAll(TOKEN)) {
    const [all, quoted, word, opens, closes, separator] = token;
    if (depth === 1 && isName && (quoted ?? word) === name) {
      NAME_ENDS.lastIndex = token.index + all.length;
      if (NAME_ENDS.test(text)) {
        VALUE.lastIndex = NAME_ENDS.lastIndex;
        const [, quotedValue, bareValue] = VALUE.exec(text) ?? [];
        return quotedValue ?? (bareValue === 'null' ? undefined : bareValue);
      }
    }
    if (opens !== undefined) depth++;
    if (closes !== undefined) depth--;
    isName = opens !== undefined || separator === ',';
  }
  return undefined;
}

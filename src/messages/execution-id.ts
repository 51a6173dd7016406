/** The id of an execution: that one string goes to the scope check, the cursor and the source. */

/** Longest id: well above a Things Graph URN (about 200) and a Step Functions ARN (256). */
export const EXECUTION_ID_CHARACTERS_MAX = 512;

/** An API key, or a ticket (a JWT), also cut short: ids go on from here to logs and to AWS, which no credential may. */
const CREDENTIAL = /ftk_[0-9A-Za-z]{10}_[0-9A-Za-z]{16}|eyJ[\w-]{16,}\.eyJ[\w-]{16,}/;

/** Says what is wrong with an id, or undefined when it may be asked for. */
export function executionIdProblem(id: string): string | undefined {
  if (id.length === 0) return 'must not be empty';
  if (id.length > EXECUTION_ID_CHARACTERS_MAX) {
    return `must be at most ${EXECUTION_ID_CHARACTERS_MAX} characters: it has ${id.length}`;
  }
  // Lone surrogates have no UTF-8 form: two different ids would be one upstream.
  if (!id.isWellFormed()) return 'must be well-formed Unicode';
  // eslint-disable-next-line no-control-regex
  if (/[\u0000-\u001f\u007f-\u009f]/.test(id)) return 'must not contain control characters';
  if (CREDENTIAL.test(id)) return 'must not contain an API key or a ticket';
  return undefined;
}

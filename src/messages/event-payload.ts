/**
 * Payloads of Step Functions begin with the members `type`, `id` and `previousEventId`
 * (sources/step-functions/). Messages show them elsewhere, or only programs need them.
 */
const MEMBERS = /^\{"type":"\w+","id":\d+(?:,"previousEventId":\d+)?(?:,|(?=\}))/;

/** The payload without these members; `{}` if it has no others. Also for the beginning of a payload. */
export const withoutEventMembers = (payload: string): string => payload.replace(MEMBERS, '{');

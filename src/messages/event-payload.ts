/**
 * Payloads of Step Functions begin with the members `type`, `id` and `previousEventId`
 * (sources/step-functions/). `withoutEventMembers` removes them for display, because people see them
 * elsewhere or do not need them.
 */
const MEMBERS = /^\{"type":"\w+","id":\d+(?:,"previousEventId":\d+)?(?:,|(?=\}))/;

/**
 * Returns the payload without these members, or `{}` if it has no others. Also accepts the beginning of a
 * payload.
 */
export const withoutEventMembers = (payload: string): string => payload.replace(MEMBERS, '{');

/**
 * How much of a history a caller may see. Each level includes the levels before it:
 *
 * - `none`: ids, types and times.
 * - `names`: also the names of steps and errors, `previousMessageId` and `iteration`.
 * - `full`: also payloads and causes, which are customers' data.
 */
export const PAYLOAD_ACCESS = ['none', 'names', 'full'] as const;

export type PayloadAccess = (typeof PAYLOAD_ACCESS)[number];

/** True if this access includes the level `needed`. */
export const shows = (access: PayloadAccess, needed: PayloadAccess): boolean =>
  PAYLOAD_ACCESS.indexOf(access) >= PAYLOAD_ACCESS.indexOf(needed);

export const lesserAccess = (one: PayloadAccess, other: PayloadAccess): PayloadAccess =>
  shows(one, other) ? other : one;

/**
 * Returns the level as two members of a stored record. Older versions know only `full` and `none` and read
 * only the first member. So they treat `names` as `none`.
 */
export const storedAccess = (access: PayloadAccess): { access: 'full' | 'none'; names: boolean } => ({
  access: access === 'full' ? 'full' : 'none',
  names: access === 'names',
});

export const accessOfStored = (access: 'full' | 'none', names: true | undefined): PayloadAccess =>
  names ? 'names' : access;

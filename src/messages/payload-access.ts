/**
 * How much of a history a caller may see. Each level shows all that the levels before it show:
 *
 * - `none`: ids, types and times.
 * - `names`: also the names of steps and errors, and how messages follow each other.
 * - `full`: also payloads and causes, which are customers' data.
 */
export const PAYLOAD_ACCESS = ['none', 'names', 'full'] as const;

export type PayloadAccess = (typeof PAYLOAD_ACCESS)[number];

/** Whether a caller with this access sees what needs at least `needed`. */
export const shows = (access: PayloadAccess, needed: PayloadAccess): boolean =>
  PAYLOAD_ACCESS.indexOf(access) >= PAYLOAD_ACCESS.indexOf(needed);

export const lesserAccess = (one: PayloadAccess, other: PayloadAccess): PayloadAccess =>
  shows(one, other) ? other : one;

/**
 * The level in two members. Versions that know only `full` and `none` read the first, so that `names` is
 * `none` for them.
 */
export const storedAccess = (access: PayloadAccess): { access: 'full' | 'none'; names: boolean } => ({
  access: access === 'full' ? 'full' : 'none',
  names: access === 'names',
});

export const accessOfStored = (access: 'full' | 'none', names: true | undefined): PayloadAccess =>
  names ? 'names' : access;

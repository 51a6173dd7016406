/** The result of one check of `flowtap doctor`. */

/** Only `fail` changes the exit code. */
export type Level = 'ok' | 'warn' | 'fail';

export interface Check {
  readonly name: string;
  readonly level: Level;
  /** What was found, in one line. */
  readonly detail: string;
  /** What the user should do. Absent only if the level is `ok`. */
  readonly remedy?: string;
}

export const ok = (name: string, detail: string): Check => ({ name, level: 'ok', detail });
export const warn = (name: string, detail: string, remedy: string): Check => ({
  name,
  level: 'warn',
  detail,
  remedy,
});
export const fail = (name: string, detail: string, remedy: string): Check => ({
  name,
  level: 'fail',
  detail,
  remedy,
});

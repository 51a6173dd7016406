/**
 * The structured log as a port: one JSON object per line. Callers pass names and numbers, but never headers,
 * bodies, keys or URLs with a query. So no secret reaches the log (invariant 7).
 */

export interface LogRecord {
  /** What happened, as a constant: `request`, `archive-damaged`, `upstream-error`, `key-created`, … */
  readonly event: string;
  readonly level?: 'info' | 'warn' | 'error';
  readonly [member: string]: string | number | boolean | undefined;
}

export type Log = (record: LogRecord) => void;

/** Writes each record as one line of JSON; Workers Logs and journald index its members. */
export const consoleLog: Log = (record) => {
  const level = record.level === undefined ? '"level":"info",' : '';
  // Concatenates text, because copying the record to add two members would take longer than writing it.
  const line = `{"time":"${new Date().toISOString()}",${level}${JSON.stringify(record).slice(1)}`;
  if (record.level === 'error') console.error(line);
  else console.log(line);
};

/** Which requests have a line in the log (REQUEST_LOG in config.ts). Errors always have one. */
import type { Log, LogRecord } from '../core/log.ts';

/** `everyNth`: of the requests without an error. 1: all of them; Infinity: only errors are logged. */
export function createRequestLog(log: Log, everyNth: number): (record: LogRecord, isError: boolean) => void {
  let skipped = 0;
  return (record, isError) => {
    if (!isError && ++skipped < everyNth) return;
    if (!isError) skipped = 0;
    const isSample = !isError && everyNth > 1;
    // Lets a reader of the log compute the number of requests.
    log(isSample ? { ...record, sampleOf: everyNth } : record);
  };
}

/** Decides which requests are logged (REQUEST_LOG in config.ts). Errors are always logged. */
import type { Log, LogRecord } from '../core/log.ts';

/** Logs every nth successful request. 1 logs all of them. Infinity logs only errors. */
export function createRequestLog(log: Log, everyNth: number): (record: LogRecord, isError: boolean) => void {
  let skipped = 0;
  return (record, isError) => {
    if (!isError && ++skipped < everyNth) return;
    if (!isError) skipped = 0;
    const isSample = !isError && everyNth > 1;
    // `sampleOf` lets readers of the log estimate the total number of requests.
    log(isSample ? { ...record, sampleOf: everyNth } : record);
  };
}

/**
 * The timestamp of an exported message, in any form that an exporter writes, to the one form that pages print
 * (timestamp.ts). The forms, each as its program was seen to print it: epoch seconds, as a number or as text (AWS JSON,
 * AWS CLI 1); ISO 8601 with `Z`, with an offset and with any number of fraction digits (our pages, AWS CLI 2, the JS
 * SDK); Python's `str(datetime)` in whatever time zone the exporter ran in (boto3 through `json.dumps(…, default=str)`).
 * Text without an offset is taken as UTC.
 */
import { isoFromEpochSeconds, isoFromEpochText, isoFromSecond } from '../messages/timestamp.ts';

// Python writes offsets of old local times with seconds (+00:53:28), and `%z` writes them without a colon.
const CALENDAR =
  /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?(?:Z|([+-])([01]\d|2[0-3]):?([0-5]\d)(?::?([0-5]\d))?)?$/i;

/** ISO 8601 as pages print it, or undefined when this is no time. */
export function isoFromExport(timestamp: string | number): string | undefined {
  if (typeof timestamp === 'number') return isoFromEpochSeconds(timestamp);
  const [, date, time, fraction = '', sign, hours, minutes, seconds = '0'] = CALENDAR.exec(timestamp) ?? [];
  if (date === undefined) return isoFromEpochText(timestamp);

  const local = Date.parse(`${date}T${time}Z`) / 1000;
  // `Date.parse` takes a 30th of February for a 2nd of March.
  if (isoFromSecond(local, '') !== `${date}T${time}.000Z`) return undefined;
  const offset = Number(hours ?? 0) * 3600 + Number(minutes ?? 0) * 60 + Number(seconds);
  return isoFromSecond(sign === '-' ? local + offset : local - offset, fraction);
}

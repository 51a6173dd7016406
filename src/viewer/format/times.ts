/** Times of messages and steps as text, in the reader's time zone. */
import { humanDuration } from '../../core/human-duration.ts';
import { dayOf, timeOf } from '../../core/local-time.ts';

/** Milliseconds since the epoch; undefined for an absent or invalid time. */
export function msOf(timestamp: string | undefined): number | undefined {
  const ms = Date.parse(timestamp ?? '');
  return Number.isNaN(ms) ? undefined : ms;
}

/** `22:45:40.656`. Includes the day if it is not the day of `since`. */
export function timeText(timestamp: string | undefined, since?: string): string {
  if (timestamp === undefined) return '';
  const at = new Date(timestamp);
  const isOtherDay = since !== undefined && dayOf(at) !== dayOf(new Date(since));
  return isOtherDay ? `${dayOf(at)} ${timeOf(at)}` : timeOf(at);
}

/** `2019-05-30 22:45:40.656` */
export const momentText = (timestamp: string | undefined): string =>
  timestamp === undefined ? '' : `${dayOf(new Date(timestamp))} ${timeOf(new Date(timestamp))}`.trim();

/** `2019-05-30 22:45:40`: for lists, where milliseconds are noise. */
export const secondText = (timestamp: string | undefined): string =>
  momentText(timestamp).replace(/\.\d{3}$/, '');

/** Created only once, because creating a formatter takes longer than using it. */
const ZONE_FORMAT = new Intl.DateTimeFormat('en', { timeZoneName: 'short' });

/** The reader's time zone at the time of `timestamp`, such as `GMT+1` or `UTC`. */
export const zoneText = (timestamp: string | undefined): string => {
  const ms = msOf(timestamp);
  if (ms === undefined) return '';
  return ZONE_FORMAT.formatToParts(ms).find(({ type }) => type === 'timeZoneName')?.value ?? '';
};

/** `+3.2 s` */
export function sinceText(timestamp: string | undefined, start: string | undefined): string {
  const ms = (msOf(timestamp) ?? Number.NaN) - (msOf(start) ?? Number.NaN);
  if (Number.isNaN(ms)) return '';
  return `${ms < 0 ? '−' : '+'}${humanDuration(Math.abs(ms))}`;
}

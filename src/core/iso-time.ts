/**
 * Checks dates and times in requests. They must be ISO 8601, in the form that RFC 3339 and JavaScript use.
 */

const DATE = /^\d{4}-\d{2}-\d{2}$/;
const TIME = /^(\d{4}-\d{2}-\d{2})T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/;

/** True if the text is a day of the calendar: `2027-01-31`. */
export function isIsoDate(text: string): boolean {
  const ms = DATE.test(text) ? Date.parse(text) : NaN;
  // `Date.parse` accepts February 30 and returns March 2.
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text);
}

/** True if the text is a time with `Z` or an offset: `2027-01-31T09:30:00Z`. */
export const isIsoTime = (text: string): boolean => isIsoDate(TIME.exec(text)?.[1] ?? '');

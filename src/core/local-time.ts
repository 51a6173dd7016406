/** Formats local dates and times for people. Returns '' for an invalid date. */

const two = (number: number): string => String(number).padStart(2, '0');
const isInvalid = (at: Date): boolean => Number.isNaN(at.getTime());

/** `2019-05-30` */
export const dayOf = (at: Date): string =>
  isInvalid(at) ? '' : `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;

/** `22:45:40.656` */
export const timeOf = (at: Date): string =>
  isInvalid(at)
    ? ''
    : `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${String(at.getMilliseconds()).padStart(3, '0')}`;

/** `Europe/Berlin` */
export const timeZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

/** Times and durations for people, in their own time zone and language. */

const timeToday = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });
const timeEarlier = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
const complete = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'long' });

/** `16:22:04` if it was today, `Nov 28, 2026, 16:22` before. */
export function shortTime(timestamp: string, nowMs: number): string {
  const at = new Date(timestamp);
  if (Number.isNaN(at.getTime())) return timestamp;
  return at.toDateString() === new Date(nowMs).toDateString() ? timeToday.format(at) : timeEarlier.format(at);
}

export function completeTime(timestamp: string): string {
  const at = new Date(timestamp);
  return Number.isNaN(at.getTime()) ? timestamp : complete.format(at);
}

/** `0.85 s`, `11.5 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`. Whole seconds while it grows, so that it does not flicker. */
export function durationText(ms: number, isGrowing = false): string {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 60) return `${isGrowing ? Math.floor(seconds) : Number(seconds.toPrecision(3))} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

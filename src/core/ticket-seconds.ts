/** How long a ticket is valid, in seconds. */

/** Long enough to open a page and reconnect a few times. */
export const TICKET_SECONDS_DEFAULT = 10 * 60;
/** Tickets appear in URLs, and so in logs. Therefore they must not stay valid for long. */
export const TICKET_SECONDS_MAX = 60 * 60;

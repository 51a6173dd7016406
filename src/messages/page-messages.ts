/**
 * The maximum number of messages per page. Equals AWS's limit of maxResults. Pages of lists have the same
 * limit.
 */
export const PAGE_MESSAGES_MAX = 250;

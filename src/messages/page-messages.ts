/** The most messages of a page: AWS's own bound of maxResults. Pages of lists have the same bound. */
export const PAGE_MESSAGES_MAX = 250;

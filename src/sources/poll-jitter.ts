/**
 * Jitter of polls: each poll is sent early by up to a tenth of its interval, so that executions that started
 * together drift apart. Jitter never makes a poll late, because the interval bounds the delay of a message.
 */
export const POLL_JITTER = 0.1;

/** The average number of polls sent during one interval. A call budget must allow for this many. */
export const POLLS_PER_INTERVAL = 1 / (1 - POLL_JITTER / 2);

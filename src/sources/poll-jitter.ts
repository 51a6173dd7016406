/**
 * Jitter of polls: each is sent up to a tenth of its interval early, so that executions which started
 * together drift apart. Never late, because the interval bounds the delay of a message.
 */
export const POLL_JITTER = 0.1;

/** Polls in the time of an interval, on average: what a call budget has to pay for. */
export const POLLS_PER_INTERVAL = 1 / (1 - POLL_JITTER / 2);

/**
 * The longest wait for a message, or for the end of an execution. Proxies and AWS SDKs close connections that
 * are silent for a minute, so waits must be shorter.
 */
export const WAIT_SECONDS_MAX = 50;

/**
 * The longest wait for a message, or for the end of an execution. Below a minute, after which proxies and AWS
 * SDKs close silent connections.
 */
export const WAIT_SECONDS_MAX = 50;

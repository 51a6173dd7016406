/** Whether the upstream answers, as heartbeats of streams report it. */
export type UpstreamState = 'ok' | 'throttled' | 'unavailable';

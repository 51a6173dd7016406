/** How the upstream answers, as the heartbeats of a stream report it. */
export type UpstreamState = 'ok' | 'throttled' | 'unavailable';

/** How the upstream answers, as the heartbeats of a stream tell it. */
export type UpstreamState = 'ok' | 'throttled' | 'unavailable';

/** The rate tiers that a key can have. access/limits/rate-limit.ts defines their limits. */
export const RATE_TIER_NAMES = ['standard', 'high'] as const;
export type RateTier = (typeof RATE_TIER_NAMES)[number];

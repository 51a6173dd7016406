/** The options of `flowtap keys create` and `update` that set the members of an API key. */
import { RATE_TIER_NAMES } from '../core/rate-tier.ts';
import { duration, oneOf, wholeNumber } from './arguments.ts';
import { UsageError } from './command.ts';

export const MEMBER_OPTIONS = {
  name: { type: 'string' },
  owner: { type: 'string' },
  executions: { type: 'string', multiple: true },
  payloads: { type: 'string' },
  tickets: { type: 'boolean' },
  tier: { type: 'string' },
  'stream-limit': { type: 'string' },
  'total-stream-limit': { type: 'string' },
  'expires-in': { type: 'string' },
  'expires-at': { type: 'string' },
} as const;

type Values = {
  readonly [Name in keyof typeof MEMBER_OPTIONS]?:
    | ((typeof MEMBER_OPTIONS)[Name] extends { multiple: true }
        ? string[]
        : (typeof MEMBER_OPTIONS)[Name]['type'] extends 'boolean'
          ? boolean
          : string)
    | undefined;
};

/** The members that were given, as the admin API takes them. The service checks their values. */
export function membersOf(values: Values, nowMs: number) {
  const { name, owner, executions, tickets } = values;
  const payloads = oneOf('--payloads', values.payloads, ['full', 'names', 'none']);
  const tier = oneOf('--tier', values.tier, RATE_TIER_NAMES);
  const streamLimit = wholeNumber('--stream-limit', values['stream-limit'], 1, 1_000);
  const totalWords = values['total-stream-limit'];
  const totalStreamLimit = wholeNumber('--total-stream-limit', totalWords, 1, 100_000);
  const expiresIn = duration('--expires-in', values['expires-in']);
  if (expiresIn !== undefined && values['expires-at'] !== undefined) {
    throw new UsageError('--expires-in and --expires-at exclude each other: give only one');
  }
  const expiresAt =
    expiresIn === undefined ? values['expires-at'] : new Date(nowMs + expiresIn * 1000).toISOString();
  return {
    ...(name !== undefined && { name }),
    ...(owner !== undefined && { owner }),
    ...(executions !== undefined && { executions }),
    ...(payloads && { payloads }),
    ...(tickets !== undefined && { tickets }),
    ...(tier && { tier }),
    ...(streamLimit !== undefined && { streamLimit }),
    ...(totalStreamLimit !== undefined && { totalStreamLimit }),
    ...(expiresAt !== undefined && { expiresAt }),
  };
}

/** Options that remove a member. The same command cannot also set that member. */
export const REMOVAL_OPTIONS = {
  'no-owner': { type: 'boolean' },
  'no-expiry': { type: 'boolean' },
  'no-tickets': { type: 'boolean' },
} as const;

type Removals = { readonly [Name in keyof typeof REMOVAL_OPTIONS]?: boolean | undefined };

const REMOVALS = [
  { option: 'no-owner', member: 'owner', value: null },
  { option: 'no-expiry', member: 'expiresAt', value: null },
  { option: 'no-tickets', member: 'tickets', value: false },
] as const;

/** The members to change. A member that is null is removed. */
export function changeOf(values: Values & Removals, nowMs: number): object {
  const change: Record<string, unknown> = membersOf(values, nowMs);
  for (const { option, member, value } of REMOVALS) {
    if (values[option] !== true) continue;
    if (member in change)
      throw new UsageError(`--${option} contradicts another option: give only one of them`);
    change[member] = value;
  }
  if (Object.keys(change).length > 0) return change;
  throw new UsageError('nothing to change: give at least one option, such as --owner');
}

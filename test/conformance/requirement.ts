/**
 * A requirement is a sentence of docs/http-api.md, the guarantee that follows from it, and a check over HTTP.
 */
import type { Target } from './target.ts';

export type Need = 'admin' | 'emulator';

export interface Requirement {
  /** Quoted from docs/http-api.md; traced.test.ts verifies the quotation. */
  readonly sentence: string;
  /** What the sentence guarantees to a caller. */
  readonly guarantee: string;
  readonly needs: readonly Need[];
  /** The minimum duration of the check. Checks run concurrently, and the longest start first. */
  readonly seconds: number;
  /** Throws if the guarantee does not hold. */
  readonly check: (target: Target) => Promise<void>;
}

export interface Section {
  readonly title: string;
  readonly requirements: readonly Requirement[];
}

export function requirement(
  sentence: string,
  guarantee: string,
  needs: readonly Need[],
  check: (target: Target) => Promise<void>,
  seconds = 0,
): Requirement {
  return { sentence, guarantee, needs, check, seconds };
}

export type Outcome =
  | { readonly type: 'passed'; readonly tookMs: number }
  | { readonly type: 'failed'; readonly error: unknown }
  | { readonly type: 'skipped'; readonly needs: readonly Need[] };

/**
 * How many checks run concurrently: enough for their waits to overlap, and few enough not to overload the
 * machine.
 */
const AT_ONCE = 12;

/** Starts all checks. The promise of each requirement resolves as soon as its own check is over. */
export function runAll(
  requirements: readonly Requirement[],
  target: Promise<Target>,
): ReadonlyMap<Requirement, Promise<Outcome>> {
  const outcomes = new Map(requirements.map((each) => [each, Promise.withResolvers<Outcome>()]));
  const waiting = requirements.toSorted((a, b) => b.seconds - a.seconds);
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      outcomes.get(next)?.resolve(await outcomeOf(next, target));
    }
  };
  for (let worker = 0; worker < AT_ONCE; worker++) void work();
  return new Map([...outcomes].map(([each, { promise }]) => [each, promise]));
}

async function outcomeOf({ needs, check }: Requirement, started: Promise<Target>): Promise<Outcome> {
  try {
    const target = await started;
    const missing = needs.filter((need) => !target.has(need));
    if (missing.length > 0) return { type: 'skipped', needs: missing };
    const beganAtMs = performance.now();
    await check(target);
    return { type: 'passed', tookMs: performance.now() - beganAtMs };
  } catch (error) {
    return { type: 'failed', error };
  }
}

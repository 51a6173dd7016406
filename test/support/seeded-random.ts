/**
 * Random numbers for tests. They are the same in every run, unless FLOWTAP_TEST_SEED sets another seed.
 * FLOWTAP_TEST_RUNS_FACTOR multiplies the number of runs of property tests.
 */

/**
 * The seed of all random tests, including fast-check (fixed-seed.ts). `npm run test:explore` sets a new seed for each
 * round.
 */
export const SEED = Number(process.env['FLOWTAP_TEST_SEED'] ?? 20190511);

/** 1 by default. `npm run test:explore` sets it to 10. */
const RUNS_FACTOR = Number(process.env['FLOWTAP_TEST_RUNS_FACTOR'] ?? 1);

/** Returns the number of runs of a property test. `inTheGate` is the number in ordinary runs. */
export const runs = (inTheGate: number): number => Math.ceil(inTheGate * RUNS_FACTOR);

/**
 * Returns a generator of numbers from 0 to 1. The same seed gives the same numbers. The algorithm is mulberry32 (public
 * domain, Tommy Ettinger).
 */
export function seededRandom(seed = SEED): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** One sequence for the whole test file, so that two isolates or services in a test never draw the same names. */
export const nextRandom = seededRandom();

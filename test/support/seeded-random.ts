/**
 * Randomness of the tests: the same numbers in every run of the gate. FLOWTAP_TEST_SEED sets others, and
 * FLOWTAP_TEST_RUNS_FACTOR the number of runs of property tests.
 */

/**
 * The seed of all random tests, also of fast-check (fixed-seed.ts). `npm run test:explore` sets another one
 * for each round.
 */
export const SEED = Number(process.env['FLOWTAP_TEST_SEED'] ?? 20190511);

/** 1 in the gate. `npm run test:explore` sets it to ten. */
const RUNS_FACTOR = Number(process.env['FLOWTAP_TEST_RUNS_FACTOR'] ?? 1);

/** The number of runs of a property test, from the number in the gate. */
export const runs = (inTheGate: number): number => Math.ceil(inTheGate * RUNS_FACTOR);

/** Numbers from 0 to 1 that are the same for the same seed: mulberry32 (public domain, Tommy Ettinger). */
export function seededRandom(seed = SEED): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/**
 * One sequence for a whole test file, so that two isolates or services of one test never draw the same names.
 */
export const nextRandom = seededRandom();

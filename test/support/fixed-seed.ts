/** Makes property tests draw the same cases in every run. `npm run test:explore` draws different ones. */
import fc from 'fast-check';
import { SEED, runs } from './seeded-random.ts';

/** The default number of runs in fast-check. */
const DEFAULT_RUNS = 100;

fc.configureGlobal({ seed: SEED, numRuns: runs(DEFAULT_RUNS) });

/** Makes every property test draw the same cases in every run. `npm run test:explore` draws others. */
import fc from 'fast-check';
import { SEED, runs } from './seeded-random.ts';

/** fast-check's own number of runs. */
const DEFAULT_RUNS = 100;

fc.configureGlobal({ seed: SEED, numRuns: runs(DEFAULT_RUNS) });

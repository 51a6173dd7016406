/** Makes every property test draw the same cases in every run. `npm run test:explore` draws others. */
import fc from 'fast-check';
import { SEED } from './seeded-random.ts';

fc.configureGlobal({ seed: SEED });

/** The requirements as tests of one runtime, all of them run side by side while the tests wait for theirs. */
import { describe, test } from 'vitest';
import { runAll } from './requirement.ts';
import { requirements, sections } from './requirements.ts';
import { Target, type TargetOptions } from './target.ts';

const TIMEOUT_MS = 120_000;

/** `start` starts it; whoever calls ends it after the tests. */
export function judge(runtime: string, start: () => Promise<TargetOptions>): void {
  const target = start().then((options) => new Target(options));
  const outcomes = runAll(requirements, target);
  describe(`conformance of ${runtime}`, () => {
    for (const section of sections) {
      describe(section.title, () => {
        for (const requirement of section.requirements) {
          test(
            requirement.guarantee,
            async () => {
              const outcome = await outcomes.get(requirement);
              if (outcome?.type === 'failed') throw outcome.error;
              if (outcome?.type !== 'passed') throw new Error('not run');
            },
            TIMEOUT_MS,
          );
        }
      });
    }
  });
}

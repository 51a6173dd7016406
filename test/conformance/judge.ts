/**
 * Registers all requirements as tests of one runtime. The checks run concurrently in the background; each test
 * waits for the outcome of its own check.
 */
import { describe, expect, test } from 'vitest';
import type { Json } from './http.ts';
import { runAll } from './requirement.ts';
import { requirements, sections } from './requirements.ts';
import { Target, type TargetOptions } from './target.ts';

/** `start` starts the runtime. The caller stops it after the tests. */
export function judge(runtime: string, start: () => Promise<TargetOptions>): void {
  const target = start().then((options) => new Target(options));
  const outcomes = runAll(requirements, target);
  describe(`conformance of ${runtime}`, () => {
    for (const section of sections) {
      describe(section.title, () => {
        for (const requirement of section.requirements) {
          test(requirement.guarantee, async () => {
            const outcome = await outcomes.get(requirement);
            if (outcome?.type === 'failed') throw outcome.error;
            if (outcome?.type !== 'passed') throw new Error('The check was not run');
          });
        }
      });
    }
    test('no key that the checks created is still active after the run', async () => {
      await Promise.all(outcomes.values());
      const judged = await target;
      const made = await keysOf(judged);
      expect(made.length).toBeGreaterThan(5);
      await judged.revokeKeys();
      const open = (await keysOf(judged)).filter(({ status }) => status === 'active');
      expect(open).toEqual([]);
    });
  });
}

/** Returns the keys that the checks have created in a deployment. All of them are named "conformance". */
async function keysOf(target: Target): Promise<{ readonly id: string; readonly status: string }[]> {
  const keys: Json[] = [];
  for (let query = 'limit=100'; query !== '';) {
    const page = await target.adminJson(200, `keys?${query}`);
    keys.push(...page['keys']);
    query = page['cursor'] === undefined ? '' : `limit=100&cursor=${encodeURIComponent(page['cursor'])}`;
  }
  return keys.filter(({ name }) => name === 'conformance').map(({ id, status }) => ({ id, status }));
}

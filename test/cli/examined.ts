/**
 * Runs `flowtap doctor --json` and returns its checks, which tests look up by name. Also verifies what must hold for
 * every result.
 */
import { expect } from 'vitest';

import type { Check } from '../../src/cli/check.ts';
import type { CommandUnderTest, Environment } from './command-under-test.ts';

/** A partner's environment. It overrides the admin token of CommandUnderTest with an empty one. */
export const PARTNER = { FLOWTAP_ADMIN_TOKEN: '' };
/** The body that a healthy /healthz returns. */
export const HEALTHY = '{"status":"ok"}';

export interface Examined {
  readonly code: number | null;
  readonly checks: readonly Check[];
  /** The last check of this name. */
  readonly named: (name: string) => Check | undefined;
}

export async function examineBy(
  flowtap: CommandUnderTest,
  env: Environment,
  words: readonly string[] = [],
): Promise<Examined> {
  const { code, stdout } = await flowtap.run(['doctor', '--json', ...words], { env });
  // Safety: --json is documented to print this shape.
  const { checks } = JSON.parse(stdout) as { checks: readonly Check[] };
  for (const { level, detail, remedy } of checks) {
    expect(detail).not.toBe('');
    expect(remedy === undefined).toBe(level === 'ok');
  }
  expect(code).toBe(checks.some(({ level }) => level === 'fail') ? 1 : 0);
  return { code, checks, named: (name) => checks.findLast((check) => check.name === name) };
}

/** Runs a file of examples/aws as the comment in the file describes. */
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';

import { PYTHON } from '../support/installed.ts';
import { runAlone } from './run-alone.ts';

export const exampleFile = (example: string): string =>
  fileURLToPath(new URL(`../../examples/aws/${example}`, import.meta.url));

/** Returns the example's output. If the example fails, throws its stderr. */
export async function runExample(
  program: string,
  [example, ...args]: readonly [example: string, ...args: string[]],
  env: Record<string, string>,
): Promise<string> {
  const { code, stdout, stderr } = await runAlone(program, [exampleFile(example), ...args], { env });
  if (code !== 0) throw new Error(stderr);
  return stdout;
}

/** Checks that the example prints its usage and fails if a setting or the argument is missing. */
export async function expectUsage(
  example: string,
  env: Readonly<Record<'FLOWTAP_URL' | 'FLOWTAP_API_KEY', string>>,
  id: string,
): Promise<void> {
  const program = example.endsWith('.py') ? PYTHON : process.execPath;
  const { FLOWTAP_URL, FLOWTAP_API_KEY } = env;
  for (const [given, args] of [
    [{ FLOWTAP_URL }, [id]],
    [{ FLOWTAP_API_KEY }, [id]],
    [env, []],
  ] as const) {
    const { code, stderr } = await runAlone(program, [exampleFile(example), ...args], { env: { ...given } });
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/FLOWTAP_URL=.* FLOWTAP_API_KEY=.*\n/);
    expect(stderr).not.toMatch(/Traceback|^ +at /m);
  }
}

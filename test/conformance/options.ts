/** The command line of `npm run conformance`. Some options can come from the environment instead. */
import { parseArgs } from 'node:util';
import type { TargetOptions } from './target.ts';

export const USAGE = `npm run conformance -- --url https://… --key ftk_…

  --url URL            the deployment
  --key KEY            an API key that reads every execution, with payloads, and creates tickets
  --admin-token TOKEN  also creates and revokes keys, imports and deletes a history
  --emulator-url URL   also scripts executions at the emulator that the deployment reads from (npm start prints it)

If --url or --key is missing, FLOWTAP_URL or FLOWTAP_API_KEY is read from the environment. FLOWTAP_ADMIN_TOKEN is not read: checks that
change the deployment must be requested with the option.`;

/** Returns undefined if the usage must be printed. Throws if an option is unknown. */
export function readOptions(
  words: readonly string[],
  { FLOWTAP_URL, FLOWTAP_API_KEY }: Readonly<Record<string, string | undefined>>,
): TargetOptions | undefined {
  const { values } = parseArgs({
    args: [...words],
    options: {
      url: { type: 'string' },
      key: { type: 'string' },
      'admin-token': { type: 'string' },
      'emulator-url': { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  const url = values.url ?? FLOWTAP_URL;
  const key = values.key ?? FLOWTAP_API_KEY;
  const { 'admin-token': adminToken, 'emulator-url': emulatorUrl } = values;
  if (values.help === true || !url || !key) return undefined;
  return { url, key, ...(adminToken && { adminToken }), ...(emulatorUrl && { emulatorUrl }) };
}

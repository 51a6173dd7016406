/**
 * `npm run conformance -- --url … --key …`: judges any deployment over HTTP. Prints a line for each requirement; the status
 * is 1 when one is not met. What needs an admin token or an emulator is skipped without them.
 */
import { parseArgs } from 'node:util';
import { runAll, type Outcome } from './requirement.ts';
import { sections } from './requirements.ts';
import { Target } from './target.ts';

const USAGE = `npm run conformance -- --url https://… --key ftk_…

  --url URL            the deployment
  --key KEY            an API key that reads every execution, with payloads, and mints tickets
  --admin-token TOKEN  also makes and revokes keys, imports and forgets a history
  --emulator-url URL   also scripts executions at the emulator that the deployment reads from (npm start prints it)

FLOWTAP_URL, FLOWTAP_API_KEY and FLOWTAP_ADMIN_TOKEN of the environment are taken where an option is missing.`;

/** Worth a word. */
const SLOW_MS = 2_000;

/** Every line of a failure, set in below its requirement. */
const indented = (text: string): string => text.replaceAll(/^/gm, '      ');

function readOptions() {
  const { values } = parseArgs({
    options: {
      url: { type: 'string' },
      key: { type: 'string' },
      'admin-token': { type: 'string' },
      'emulator-url': { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  const { FLOWTAP_URL, FLOWTAP_API_KEY, FLOWTAP_ADMIN_TOKEN } = process.env;
  const url = values.url ?? FLOWTAP_URL;
  const key = values.key ?? FLOWTAP_API_KEY;
  const adminToken = values['admin-token'] ?? FLOWTAP_ADMIN_TOKEN;
  const emulatorUrl = values['emulator-url'];
  if (values.help === true || !url || !key) return undefined;
  return { url, key, ...(adminToken && { adminToken }), ...(emulatorUrl && { emulatorUrl }) };
}

function aside(outcome: Outcome): string {
  if (outcome.type === 'skipped') return ` (needs ${outcome.needs.join(', ')})`;
  return outcome.type === 'passed' && outcome.tookMs > SLOW_MS
    ? ` (${Math.round(outcome.tookMs / 1_000)} s)`
    : '';
}

async function main(): Promise<number> {
  const options = readOptions();
  if (!options) {
    console.error(USAGE);
    return 2;
  }
  const outcomes = runAll(
    sections.flatMap((section) => section.requirements),
    Promise.resolve(new Target(options)),
  );
  const count = { passed: 0, failed: 0, skipped: 0 };
  for (const { title, requirements } of sections) {
    console.log(`\n${title}`);
    for (const requirement of requirements) {
      const outcome = await outcomes.get(requirement);
      if (!outcome) continue;
      count[outcome.type]++;
      console.log(`  ${outcome.type.padEnd(7)} ${requirement.guarantee}${aside(outcome)}`);
      if (outcome.type === 'failed') {
        console.log(indented(`docs/http-api.md: ${requirement.sentence}\n${String(outcome.error)}`));
      }
    }
  }
  console.log(`\n${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
  return count.failed > 0 || count.passed === 0 ? 1 : 0;
}

process.exit(
  await main().catch((error: unknown) => {
    // An option that there is none of, an address that is none.
    console.error(error instanceof Error ? error.message : String(error));
    return 2;
  }),
);

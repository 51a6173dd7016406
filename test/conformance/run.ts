/**
 * `npm run conformance -- --url … --key …` checks any deployment over HTTP. It prints a line for each
 * requirement, and exits with 1 if one is not met. Requirements that need an admin token or an emulator are
 * skipped if the option is missing. At the end it revokes the keys that the checks created.
 */
import { readOptions, USAGE } from './options.ts';
import { runAll, type Outcome } from './requirement.ts';
import { sections } from './requirements.ts';
import { Target } from './target.ts';

/** Checks slower than this are printed with their duration. */
const SLOW_MS = 2_000;

/** Returns the text of a failure, with every line indented below its requirement. */
const indented = (text: string): string => text.replaceAll(/^/gm, '      ');

function aside(outcome: Outcome): string {
  if (outcome.type === 'skipped') return ` (needs ${outcome.needs.join(', ')})`;
  return outcome.type === 'passed' && outcome.tookMs > SLOW_MS
    ? ` (${Math.round(outcome.tookMs / 1_000)} s)`
    : '';
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2), process.env);
  if (!options) {
    console.error(USAGE);
    return 2;
  }
  const target = new Target(options);
  process.once('SIGINT', () => void target.revokeKeys().finally(() => process.exit(130)));
  const outcomes = runAll(
    sections.flatMap((section) => section.requirements),
    Promise.resolve(target),
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
  await target.revokeKeys();
  console.log(`\n${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
  return count.failed > 0 || count.passed === 0 ? 1 : 0;
}

process.exit(
  await main().catch((error: unknown) => {
    // The command line has an unknown option or an invalid address.
    console.error(error instanceof Error ? error.message : String(error));
    return 2;
  }),
);

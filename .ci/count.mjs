/**
 * Reads vitest's JSON report; lists the skipped tests and prints the count as the last line. A file that could not even be
 * loaded has no test of its own: it counts as one that failed. So does a test that was skipped because its client is missing:
 * every client must be installed, unless the option `--clients-may-be-missing` follows the report. Exits with 1 when something failed or nothing ran.
 * Plain JavaScript: it must run on whatever Node there is, also when `npm ci` has failed.
 */
import { readFileSync } from 'node:fs';

/** Files whose tests need what a machine may refuse, not a client that can be installed. */
const MAY_BE_SKIPPED = {
  'test/deno/full-disk.test.ts': 'needs a mount namespace',
};

const text = readFileSync(process.argv[2], 'utf8');
const report = text === '' ? { numPassedTests: 0, numFailedTests: 0, testResults: [] } : JSON.parse(text);

const unloaded = report.testResults.filter(
  ({ status, assertionResults }) =>
    status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
);
const clientsMayBeMissing = process.argv.includes('--clients-may-be-missing');
let unproven = 0;
for (const file of report.testResults) {
  const path = file.name.replace(/^.*\/test\//, 'test/');
  // The tests of a file that failed as a whole did not run. The file counts, once.
  const allowed = clientsMayBeMissing ? 'clients may be missing' : MAY_BE_SKIPPED[path];
  const reason = unloaded.includes(file) ? 'its file failed' : allowed;
  for (const { status, fullName } of file.assertionResults) {
    if (status === 'passed' || status === 'failed') continue;
    if (reason === undefined) unproven++;
    const words = reason ?? 'counts as failed: install the client that it needs';
    console.log(`${status} (${words}): ${path}: ${fullName}`);
  }
}
for (const { name, message } of unloaded) console.log(`not loaded: ${name}: ${message}`);

const failed = report.numFailedTests + unloaded.length + unproven;
console.log(`${report.numPassedTests} passed, ${failed} failed`);
process.exitCode = failed > 0 || report.numPassedTests === 0 ? 1 : 0;

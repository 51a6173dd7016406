/**
 * Reads vitest's JSON report, lists the skipped tests and prints the count as the last line. A test file that fails to
 * load counts as one failed test. A skipped test counts as failed too, unless MAY_BE_SKIPPED lists its file or the
 * option `--clients-may-be-missing` follows the report. Exits with 1 if a test failed or none passed. This is plain
 * JavaScript because it must run on any Node, even after a failed `npm ci`.
 */
import { readFileSync } from 'node:fs';

/** Test files that need a feature that some machines refuse, as opposed to a client that can be installed. */
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
  // If a file failed to load, its tests did not run. The file then counts as one failure.
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

/**
 * Reads vitest's JSON report; lists the skipped tests and prints the count as the last line. A file that could not even be
 * loaded has no test of its own: it counts as one that failed. Exits with 1 when something failed or nothing ran.
 * Plain JavaScript: it must run on whatever Node there is, also when `npm ci` has failed.
 */
import { readFileSync } from 'node:fs';

const text = readFileSync(process.argv[2], 'utf8');
const report = text === '' ? { numPassedTests: 0, numFailedTests: 0, testResults: [] } : JSON.parse(text);

for (const { name, assertionResults } of report.testResults) {
  for (const { status, fullName } of assertionResults) {
    if (status !== 'passed' && status !== 'failed')
      console.log(`${status}: ${name.replace(/^.*\/test\//, 'test/')}: ${fullName}`);
  }
}
const unloaded = report.testResults.filter(
  ({ status, assertionResults }) =>
    status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
);
for (const { name, message } of unloaded) console.log(`not loaded: ${name}: ${message}`);

const failed = report.numFailedTests + unloaded.length;
console.log(`${report.numPassedTests} passed, ${failed} failed`);
process.exitCode = failed > 0 || report.numPassedTests === 0 ? 1 : 0;

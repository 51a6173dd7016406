/** The tables of problems and AWS exceptions in docs/ match the problem catalogue. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { FAILED_AUTHENTICATIONS, RATE_TIERS } from '../../src/access/limits/rate-limit.ts';
import { WALK_PAGES_MAX } from '../../src/executions/upstream/read-terms.ts';
import { BODY_BYTES_MAX } from '../../src/http/request-body.ts';
import { IMPORT_BYTES_MAX } from '../../src/imports/history-import.ts';
import { problemOf } from '../../src/http/problem-response.ts';
import {
  ONLY_STEP_FUNCTIONS,
  STEP_FUNCTIONS_NAMES,
  statusOfException,
} from '../../src/problems/aws-exceptions.ts';
import { PROBLEM_STATUS } from '../../src/problems/problem-codes.ts';
import { problemDocumentation } from '../../src/problems/problem-documentation.ts';

const read = (name: string): string => readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8');
const httpApi = read('http-api.md');
const awsClients = read('aws-clients.md');

/** Returns the rows of the table whose first columns have these headings. Each row is a list of cell texts. */
function rows(text: string, ...columns: readonly string[]): string[][] {
  const lines = text.split('\n');
  const cells = (line: string) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
  const head = lines.findIndex((line) => columns.every((column, at) => cells(line)[at] === column));
  const body = lines.slice(head + 2);
  return body
    .slice(
      0,
      body.findIndex((line) => !line.startsWith('|')),
    )
    .map(cells);
}

/** Sorts entries as text, so that lists compare equal in any order. */
const sorted = (entries: readonly unknown[]): string[] =>
  entries.map((entry) => JSON.stringify(entry)).toSorted();

/** Returns all names in backticks in a cell. */
const names = (cell = ''): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);

test('docs/http-api.md has each problem code once, with its status', () => {
  const documented = rows(`${httpApi}\n`, 'status', 'code').flatMap(([status, codes]) =>
    names(codes).map((code) => [code, Number(status)]),
  );
  expect(sorted(documented)).toEqual(sorted(Object.entries(PROBLEM_STATUS)));
});

test('the example problem in docs/http-api.md is exactly the answer to the documented example of invalid input', () => {
  const [, json = ''] = /## Problems[\s\S]*?```json\n([\s\S]*?)```/.exec(httpApi) ?? [];
  const example: unknown = JSON.parse(json);
  const failure = problemDocumentation.InvalidRequestException.examples['invalid-input'];
  const { requestId } = Object(example);
  expect(example).toEqual(failure && problemOf(failure, requestId));
});

test('docs/http-api.md has each exception of Things Graph once, with its status', () => {
  const documented = rows(httpApi, 'exception', 'status').map(([name, status]) => [
    names(name),
    Number(status),
  ]);
  const known = Object.keys(STEP_FUNCTIONS_NAMES).map((name) => [[name], statusOfException(name)]);
  expect(sorted(documented)).toEqual(sorted(known));
});

test('docs/aws-clients.md has each exception of Step Functions once', () => {
  const documented = rows(awsClients, 'exception', 'when').flatMap(([cell]) => names(cell));
  const known = [...Object.values(STEP_FUNCTIONS_NAMES), ...ONLY_STEP_FUNCTIONS, 'Kms…'];
  expect(sorted(documented)).toEqual(sorted(known));
});

test('the documentation of problems names the actual limits', () => {
  const { standard, high } = RATE_TIERS;
  const causeOf = (code: keyof typeof problemDocumentation) => problemDocumentation[code].cause;
  expect(causeOf('RateLimitExceeded')).toBe(
    `A key may send ${standard.requests} requests in ${standard.periodSeconds} s, or ${high.requests.toLocaleString('en')} ` +
      `in the high tier. An address may send ${FAILED_AUTHENTICATIONS.requests} wrong credentials a minute.`,
  );
  expect(causeOf('PayloadTooLarge')).toBe(
    `The limit is ${BODY_BYTES_MAX / 1024} KiB, for imports ${IMPORT_BYTES_MAX / 1024 ** 2} MiB.`,
  );
  expect(causeOf('HistoryNotReadYet')).toContain(`at most ${WALK_PAGES_MAX} pages`);
});

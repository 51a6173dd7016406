/** Each request parses its URL and the reference to its execution only once. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { scenarioArn } from '../../src/emulator/scenarios/step-functions-catalog.ts';
import { TARGET } from '../aws-protocol/aws-call.ts';
import { UUID } from '../step-functions/source-under-test.ts';
import { ORIGIN, type ServiceUnderTest, openService, path } from './service-under-test.ts';

let service: ServiceUnderTest;
let arn: string;

beforeEach(async () => {
  service = await openService();
  arn = scenarioArn('LambdaCalls', service.clock.now() - 3_600_000, UUID);
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

/** Counts how often the caller's URL is parsed, and notes each text that is parsed as an ARN. */
function countParses(): { urls: number; readonly arns: string[] } {
  const counted: { urls: number; arns: string[] } = { urls: 0, arns: [] };
  const count = (url: string | URL) => {
    // Ignores Node's own Request, which also parses its URL with the global class.
    const isRuntime = new Error().stack?.includes('at new Request') ?? false;
    if (!isRuntime && String(url).startsWith(`${ORIGIN}/`)) counted.urls++;
  };
  const RealUrl = URL;
  vi.stubGlobal(
    'URL',
    class extends RealUrl {
      constructor(url: string | URL, base?: string | URL) {
        super(url, base);
        count(url);
      }
      static override parse(url: string | URL, base?: string | URL): URL | null {
        count(url);
        return RealUrl.parse(url, base);
      }
    },
  );
  const exec = RegExp.prototype.exec;
  vi.spyOn(RegExp.prototype, 'exec').mockImplementation(function (this: RegExp, text: string) {
    // Matches only the pattern of core/execution-arn.ts, not the emulator's.
    if (this.source.startsWith('^arn:([a-z-]{1,32}):states:')) counted.arns.push(text);
    return exec.call(this, text);
  });
  return counted;
}

const HOME = 'arn:aws:states:us-west-2:123456789012';
const MACHINE = `${HOME}:stateMachine:Order`;
const RUNS = ['one', 'two'].map((name) => ({ name, startedAt: '2025-12-31T23:00:00Z' }));

/** Safety: all lists answer in this shape. */
const itemsOf = async (response: Response) =>
  (await response.json()) as { executions: { flowExecutionId: string }[] };

function expectOnceEach(parsed: readonly string[], arns: readonly unknown[]): void {
  expect(parsed).toHaveLength(arns.length);
  expect(parsed).toEqual(expect.arrayContaining([...arns]));
}

const json = { Accept: 'application/json' };

test.each([
  ['a page', () => service.get(path(arn, 'maxResults=2'), json)],
  ['a summary', () => service.get(path(arn, '', ''), json)],
  ['a stream', () => service.get(path(arn, 'from=start'), { Accept: 'text/event-stream' })],
])('a request for %s that reads the source parses its URL and its ARN once', async (_, ask) => {
  const counted = countParses();
  const response = await ask();
  expect(response.status).toBe(200);
  expect(service.calls()).toBeGreaterThan(0);
  expect(counted).toEqual({ urls: 1, arns: [arn] });
  await response.body?.cancel();
});

test('a request for a ticket parses its URL and its ARN once', async () => {
  const key = await service.key({ tickets: true });
  const counted = countParses();
  const response = await service.fetch(path(arn, '', '/tickets'), {
    method: 'POST',
    headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
    body: '{}',
  });
  expect(response.status).toBe(201);
  expect(counted).toEqual({ urls: 1, arns: [arn] });
});

test('a list of children parses the ARN of the execution and of each child once', async () => {
  const nested = scenarioArn('Nested', service.clock.now() - 3_600_000, UUID);
  const counted = countParses();
  const response = await service.get(path(nested, '', '/children'), json);
  const { executions } = await itemsOf(response);
  expect(executions).toHaveLength(2);
  expect(counted).toEqual({
    urls: 1,
    arns: [nested, ...executions.map(({ flowExecutionId }) => flowExecutionId)],
  });
});

test('a list of children of a map run parses the ARN of the map run and of each child once', async () => {
  const parent = scenarioArn('DistributedMap', service.clock.now() - 3_600_000, UUID);
  const counted = countParses();
  const response = await service.get(path(parent, '', '/children'), json);
  const { executions } = await itemsOf(response);
  expect(executions.length).toBeGreaterThan(0);
  expect(counted.urls).toBe(1);
  expectOnceEach(counted.arns, [
    parent,
    expect.stringContaining(':mapRun:DistributedMap/Lines:'),
    ...executions.map(({ flowExecutionId }) => flowExecutionId),
  ]);
});

test('a list of executions parses the ARN of the flow and of each execution once', async () => {
  await service.runs(MACHINE, RUNS);
  const counted = countParses();
  const { executions } = await itemsOf(await service.get(`/v1/executions?flow=${MACHINE}`, json));
  expect(executions).toHaveLength(RUNS.length);
  expect(counted.urls).toBe(1);
  expectOnceEach(counted.arns, [MACHINE, ...executions.map(({ flowExecutionId }) => flowExecutionId)]);
});

const callAws = async (target: string, input: object): Promise<Response> => {
  const token = await service.key();
  return service.fetch('/', {
    method: 'POST',
    headers: {
      'Content-Type': 'application/x-amz-json-1.1',
      'X-Amz-Target': target,
      'X-Amz-Security-Token': token,
    },
    body: JSON.stringify(input),
  });
};

test.each([
  [TARGET, 'flowExecutionId'],
  ['AWSStepFunctions.DescribeExecution', 'executionArn'],
  ['AWSStepFunctions.GetExecutionHistory', 'executionArn'],
])("%s in AWS's protocol parses its ARN once", async (target, member) => {
  const counted = countParses();
  const response = await callAws(target, { [member]: arn });
  expect(response.status).toBe(200);
  expect(counted.arns).toEqual([arn]);
});

test.each([
  [TARGET, 'flowExecutionId'],
  ['AWSStepFunctions.DescribeExecution', 'executionArn'],
])("%s in AWS's protocol validates its id once", async (target, member) => {
  const check = vi.spyOn(String.prototype, 'isWellFormed');
  const response = await callAws(target, { [member]: arn });
  expect(response.status).toBe(200);
  expect(check.mock.contexts.map(String).filter((text) => text === arn)).toHaveLength(1);
});

test('ListExecutions of a map run parses the ARN of the map run and of each execution once', async () => {
  const mapRunArn = `${HOME}:mapRun:Order/Lines:4f2a`;
  await service.control('/runs', { mapRunArn, runs: RUNS });
  const counted = countParses();
  const response = await callAws('AWSStepFunctions.ListExecutions', { mapRunArn });
  const { executions } = (await response.json()) as { executions: { executionArn: string }[] };
  expect(executions).toHaveLength(RUNS.length);
  expectOnceEach(counted.arns, [mapRunArn, ...executions.map(({ executionArn }) => executionArn)]);
});

test('the admin view of an execution parses its URL and its ARN once', async () => {
  const counted = countParses();
  const response = await service.admin('GET', `/executions/${encodeURIComponent(arn)}`);
  expect(response.status).toBe(200);
  expect(counted).toEqual({ urls: 1, arns: [arn] });
});

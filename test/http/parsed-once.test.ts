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

/** Counts how often the caller's URL is parsed, and any text as the ARN of an execution. */
function countParses(): { urls: number; arns: number } {
  const counted = { urls: 0, arns: 0 };
  const count = (url: string | URL) => {
    // Node's own Request parses its URL with the global class, too.
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
    // The grammar of core/execution-arn.ts, not the emulator's own.
    if (this.source.startsWith('^arn:([a-z-]{1,32}):states:')) counted.arns++;
    return exec.call(this, text);
  });
  return counted;
}

const json = { Accept: 'application/json' };

test.each([
  ['a page', () => service.get(path(arn, 'maxResults=2'), json)],
  ['a summary', () => service.get(path(arn, '', ''), json)],
  ['a stream', () => service.get(path(arn, 'from=start'), { Accept: 'text/event-stream' })],
])('%s that comes from the source parses its URL and its ARN once', async (_, ask) => {
  const counted = countParses();
  const response = await ask();
  expect(response.status).toBe(200);
  expect(service.calls()).toBeGreaterThan(0);
  expect(counted).toEqual({ urls: 1, arns: 1 });
  await response.body?.cancel();
});

test('a call in the protocol of AWS parses its ARN once', async () => {
  const token = await service.key();
  const counted = countParses();
  const response = await service.fetch('/', {
    method: 'POST',
    headers: {
      'Content-Type': 'application/x-amz-json-1.1',
      'X-Amz-Target': TARGET,
      'X-Amz-Security-Token': token,
    },
    body: JSON.stringify({ flowExecutionId: arn }),
  });
  expect(response.status).toBe(200);
  expect(counted).toEqual({ urls: 1, arns: 1 });
});

test('the admin view of an execution parses its URL and its ARN once', async () => {
  const counted = countParses();
  const response = await service.admin('GET', `/executions/${encodeURIComponent(arn)}`);
  expect(response.status).toBe(200);
  expect(counted).toEqual({ urls: 1, arns: 1 });
});

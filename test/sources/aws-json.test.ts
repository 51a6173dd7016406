/**
 * Tests the guarantees of the AWS client that need no sockets: time, waits and texts are bounded, however the ports
 * behave.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fail, ok } from '../../src/core/errors.ts';
import { staticCredentials, type AwsCredentialsProvider } from '../../src/sources/aws/aws-credentials.ts';
import { createAwsJsonClient, RETRY_AFTER_SECONDS_MAX, type Fetch } from '../../src/sources/aws/aws-json.ts';
import { ManualClock, settle } from '../support/manual-clock.ts';
import { testLog } from '../support/secret-search.ts';
import { CREDENTIALS, letBackoffPass, thingsGraphUnderTest, until } from './things-graph-under-test.ts';
import { runs } from '../support/seeded-random.ts';

const ENDPOINT = new URL('http://upstream.invalid/');
const throttle: Fetch = () =>
  Promise.resolve(new Response('{"__type":"ThrottlingException"}', { status: 400 }));

const client = (fetch: Fetch, clock: ManualClock, credentials?: AwsCredentialsProvider) =>
  createAwsJsonClient({
    service: 'states',
    region: 'eu-west-1',
    endpoint: ENDPOINT,
    protocolVersion: '1.0',
    targetPrefix: 'AWSStepFunctions',
    clientErrors: new Set(['ExecutionDoesNotExist']),
    credentials: credentials ?? staticCredentials(CREDENTIALS),
    fetch,
    clock,
    random: () => 0,
    log: testLog(),
  });

test('a call ends with a page or a documented failure, whatever status, headers and bytes the upstream sends', async () => {
  const body = fc.oneof(
    fc.uint8Array({ maxLength: 400 }),
    fc.json().map((text) => new TextEncoder().encode(text)),
    fc
      .record(
        {
          __type: fc.oneof(fc.string(), fc.constantFrom('ThrottlingException', 'a#InternalFailure:b')),
          messages: fc.array(fc.jsonValue()),
          nextToken: fc.jsonValue(),
          message: fc.jsonValue(),
        },
        { requiredKeys: [] },
      )
      .map((value) => new TextEncoder().encode(JSON.stringify(value))),
    fc.string().map((text) => new TextEncoder().encode(`<Error><Code>${text}</Code><Message>`)),
  );
  const header = fc.string({ unit: 'grapheme-ascii', maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 200, max: 599 }),
      body,
      fc.record({ 'x-amzn-errortype': header, 'content-length': header, 'x-amzn-requestid': header }),
      async (status, bytes, headers) => {
        const empty = [204, 205, 304].includes(status);
        const { page, throughBackoff, attempts } = thingsGraphUnderTest(ENDPOINT, {
          fetch: () => Promise.resolve(new Response(empty ? null : bytes.slice(), { status, headers })),
          random: () => 0.999,
        });
        const result = await throughBackoff(page());
        if (result.ok) expect(status).toBeLessThan(300);
        else expect(result.failure.type).toMatch(/^upstream-(?!timeout)/);
        expect(attempts()).toBeLessThanOrEqual(4);
      },
    ),
    { numRuns: runs(300) },
  );
});

describe('waits between attempts', () => {
  test('are random parts of 100, 200 and 400 ms, and no wait follows the last attempt', async () => {
    await fc.assert(
      fc.asyncProperty(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), async (part) => {
        const { page, throughBackoff, clock, records } = thingsGraphUnderTest(ENDPOINT, {
          fetch: throttle,
          random: () => part,
        });
        const start = clock.now();
        const result = await throughBackoff(page());
        const waits = [100, 200, 400].map((most) => Math.floor(most * part));
        expect(records.map(({ waitMs }) => waitMs)).toEqual(waits);
        expect(clock.now() - start).toBe(waits.reduce((sum, wait) => sum + wait, 0));
        const failure = result.ok ? undefined : result.failure;
        if (failure?.type !== 'upstream-throttled') throw new Error('Expected the call to be throttled');
        expect(Number.isInteger(failure.retryAfterSeconds)).toBe(true);
        expect(failure.retryAfterSeconds).toBeGreaterThanOrEqual(1);
        expect(failure.retryAfterSeconds).toBeLessThanOrEqual(RETRY_AFTER_SECONDS_MAX);
      }),
      { numRuns: runs(30) },
    );
  });

  test('are skipped if they would exceed the 20 s of a call, and the last failure is returned immediately', async () => {
    const clock = new ManualClock();
    let attempts = 0;
    const slow: Fetch = async (url, init) => {
      attempts++;
      await clock.sleep(9_999);
      return throttle(url, init);
    };
    const patient = createAwsJsonClient({
      service: 'states',
      region: 'eu-west-1',
      endpoint: ENDPOINT,
      protocolVersion: '1.0',
      targetPrefix: 'AWSStepFunctions',
      clientErrors: new Set(),
      credentials: staticCredentials(CREDENTIALS),
      fetch: slow,
      clock,
      random: () => 0.01,
      log: testLog(),
    });
    const start = clock.now();
    const call = patient.call('GetExecutionHistory', {});
    await until(() => clock.sleepers === 2);
    await clock.advance(9_999);
    await until(() => clock.sleepers === 1);
    await clock.advance(1);
    await until(() => clock.sleepers === 2);
    await clock.advance(9_999);
    expect(await call).toMatchObject({ ok: false, failure: { type: 'upstream-throttled' } });
    expect(clock.now() - start).toBe(19_999);
    expect(attempts).toBe(2);
  });
});

describe('with a misbehaving port', () => {
  test('a call does not wait for a fetch that ignores its signal, and cancels the late answer of the fetch unread', async () => {
    const clock = new ManualClock();
    const caller = new AbortController();
    const late = Promise.withResolvers<Response>();
    let asked = 0;
    let cancelled = 0;
    const deaf: Fetch = () => {
      asked++;
      return late.promise;
    };
    const call = client(deaf, clock).call('GetExecutionHistory', {}, caller.signal);
    await until(() => asked === 1);
    caller.abort();
    expect(await call).toMatchObject({ ok: false, failure: { type: 'upstream-timeout' } });
    late.resolve(new Response(new ReadableStream({ cancel: () => void cancelled++ })));
    await until(() => cancelled === 1);
  });

  test('waiting for credentials counts toward the time limit of a call, and late credentials are not used', async () => {
    const clock = new ManualClock();
    const late = Promise.withResolvers<ReturnType<typeof ok<typeof CREDENTIALS>>>();
    let attempts = 0;
    let fetched = 0;
    const fetch: Fetch = (url, init) => {
      fetched++;
      return throttle(url, init);
    };
    const call = client(fetch, clock, () => late.promise).call(
      'GetExecutionHistory',
      {},
      undefined,
      () => attempts++,
    );
    await clock.advance(20_000);
    expect(await call).toMatchObject({ ok: false, failure: { type: 'upstream-timeout' } });
    late.resolve(ok(CREDENTIALS));
    // By now the request would have been signed and sent.
    await settle();
    expect([attempts, fetched]).toEqual([0, 0]);
  });

  test('the failure of a credentials provider is returned, and no request is made', async () => {
    const refused = { type: 'upstream-broken', internal: 'AssumeRole: AccessDenied' } as const;
    const result = await client(throttle, new ManualClock(), () => Promise.resolve(fail(refused))).call(
      'X',
      {},
    );
    expect(result).toEqual({ ok: false, failure: refused });
  });

  test('each attempt gets fresh credentials, so that no retry is signed with expired ones', async () => {
    const clock = new ManualClock();
    const seen: (string | null)[] = [];
    let issued = 0;
    const rotating = () => Promise.resolve(ok({ ...CREDENTIALS, sessionToken: `token-${++issued}` }));
    const fetch: Fetch = (url, init) => {
      seen.push(new Headers(init.headers).get('x-amz-security-token'));
      return throttle(url, init);
    };
    await letBackoffPass(clock, client(fetch, clock, rotating).call('GetExecutionHistory', {}));
    expect(seen).toEqual(['token-1', 'token-2', 'token-3', 'token-4']);
  });

  test('fetch is called without a `this`, as workerd requires', async () => {
    const seen: unknown[] = [];
    const strict = function (this: unknown): Promise<Response> {
      seen.push(this);
      return Promise.resolve(new Response('{}'));
    };
    expect(await client(strict, new ManualClock()).call('GetExecutionHistory', {})).toEqual(ok({}));
    expect(seen).toEqual([undefined]);
  });
});

describe('errors of the AWS service', () => {
  const error = (status: number, name: string): Fetch => {
    return () => Promise.resolve(new Response(JSON.stringify({ __type: name }), { status }));
  };

  test.each([
    [400, 'com.amazonaws.sfn#ExecutionDoesNotExist', 'ExecutionDoesNotExist'],
    [500, 'ExecutionDoesNotExist', 'ExecutionDoesNotExist'],
    [400, 'ExpiredTokenException', 'ExpiredTokenException'],
    [400, 'KmsAccessDeniedException:http://x', 'KmsAccessDeniedException'],
  ])(
    'HTTP %i with %s is returned with the name of the error, after one attempt',
    async (httpStatus, wire, name) => {
      const result = await client(error(httpStatus, wire), new ManualClock()).call('GetExecutionHistory', {});
      expect(result).toEqual({
        ok: false,
        failure: {
          type: 'aws-error',
          name,
          internal: `GetExecutionHistory: HTTP ${httpStatus}, ${name}`,
        },
      });
    },
  );

  test('the internal text contains the request id of AWS', async () => {
    const headers = { 'x-amzn-requestid': '5b1c7bd4-0000-1111-2222-333344445555' };
    const fetch: Fetch = () =>
      Promise.resolve(new Response('{"__type":"InvalidArn"}', { status: 400, headers }));
    const result = await client(fetch, new ManualClock()).call('GetExecutionHistory', {});
    expect(JSON.stringify(result)).toContain('request 5b1c7bd4-0000-1111-2222-333344445555');
  });
});

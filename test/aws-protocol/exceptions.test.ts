import { beforeEach, describe, expect, it } from 'vitest';
import {
  openService,
  endedLongAgo,
  pageOf,
  path,
  type ServiceUnderTest,
} from '../http/service-under-test.ts';
import { settle } from '../support/manual-clock.ts';
import { type AwsCall, callAws, exceptionOf } from './aws-call.ts';

const ID = 'urn:tdm:us-west-2/123456789012/default:Workflow:Flow_2026-01-01T00:00:00.000Z_T_1';
const OTHER = `${ID}2`;

let service: ServiceUnderTest;
let key: string;
beforeEach(async () => {
  service = await openService();
  key = await service.key();
  await service.script(ID, endedLongAgo(service.clock, 5));
});

const refusal = (input: unknown, more: Partial<AwsCall> = {}) =>
  exceptionOf(callAws(service, { key, input, ...more }));

const CONSTRUCTOR_ARGUMENTS = /aws_access_key_id=.*aws_secret_access_key=.*aws_session_token=/;

describe('authentication:', () => {
  it.each<[string, Partial<AwsCall>]>([
    ['no token at all', { key: undefined }],
    ['an empty token', { key: '' }],
    ['an unsigned request', { key: undefined, headers: { Authorization: '' } }],
    ['a real AWS session token', { key: `IQoJb3JpZ2luX2VjE${'A/b+'.repeat(150)}==` }],
    ['a key that nobody issued', { key: 'ftk_0123456789_abcdefghijklmnopqrstuvwxyzABCDEF012345' }],
    ['a key only in X-API-Key', { key: undefined, headers: { 'X-API-Key': 'whatever' } }],
  ])(
    'a caller with %s gets an UnrecognizedClientException that names the three credential arguments and no secret',
    async (_, call) => {
      const { name, status, message } = await refusal({ flowExecutionId: ID }, call);
      expect({ name, status }).toEqual({ name: 'UnrecognizedClientException', status: 400 });
      expect(message).toMatch(CONSTRUCTOR_ARGUMENTS);
      const shown = message + JSON.stringify(service.logged);
      for (const secret of ['IQoJb3', 'ftk_0123456789_abc']) expect(shown).not.toContain(secret);
    },
  );

  it('a request without a valid key gets the same answer whatever it contains, without an upstream call', async () => {
    const texts = new Set<string>();
    for (const input of [
      { flowExecutionId: ID },
      { flowExecutionId: 'none' },
      { maxResults: 0 },
      '{',
      '[]',
    ]) {
      texts.add((await refusal(input, { key: 'wrong' })).message);
    }
    expect(texts.size).toBe(1);
    expect(service.calls()).toBe(0);
  });

  it('a revoked key and an expired key get different messages', async () => {
    // The store accepts one write per entry per second, and the key was just written.
    await service.clock.advance(2_000);
    expect((await service.admin('POST', `/keys/${key.slice(4, 12)}/revoke`)).status).toBe(200);
    expect(await refusal({ flowExecutionId: ID })).toMatchObject({
      name: 'UnrecognizedClientException',
      message: expect.stringContaining('revoked'),
    });
    const expiresAt = new Date(service.clock.now() + 60_000).toISOString();
    const brief = await service.key({ expiresAt });
    await service.clock.advance(60_000);
    expect(await refusal({ flowExecutionId: ID }, { key: brief })).toMatchObject({
      name: 'UnrecognizedClientException',
      message: expect.stringContaining('expired'),
    });
  });

  it('an execution that the key may not read gets the same AccessDeniedException whether or not it exists', async () => {
    const narrow = await service.key({ executions: [ID] });
    const existing = await refusal({ flowExecutionId: OTHER }, { key: narrow });
    await service.script(OTHER, endedLongAgo(service.clock, 5));
    expect(await refusal({ flowExecutionId: OTHER }, { key: narrow })).toEqual(existing);
    expect(existing).toMatchObject({ name: 'AccessDeniedException', status: 400 });
    expect(service.calls()).toBe(0);
  });

  it('a key over its rate gets a ThrottlingException that says when to retry', async () => {
    const slow = await service.key({ tier: 'standard' });
    for (let call = 0; call < 100; call++) {
      expect((await callAws(service, { key: slow, input: { flowExecutionId: ID } })).status).toBe(200);
    }
    expect(await refusal({ flowExecutionId: ID }, { key: slow })).toMatchObject({
      name: 'ThrottlingException',
      status: 400,
      message: expect.stringContaining('Retry in 10 s'),
    });
    await service.clock.advance(10_000);
    expect((await callAws(service, { key: slow, input: { flowExecutionId: ID } })).status).toBe(200);
  });

  it('an address with too many wrong keys is throttled, but a valid key that it has used before is not', async () => {
    expect((await callAws(service, { key, input: { flowExecutionId: ID } })).status).toBe(200);
    const names = [];
    for (let call = 0; call < 32; call++) names.push((await refusal({}, { key: 'wrong' })).name);
    expect(names.slice(0, 30)).toEqual(Array.from({ length: 30 }, () => 'UnrecognizedClientException'));
    expect(names.at(-1)).toBe('ThrottlingException');
    expect((await callAws(service, { key, input: { flowExecutionId: ID } })).status).toBe(200);
  });

  it('a request with a key in its URL, or with two different keys, is refused', async () => {
    const asked = { flowExecutionId: ID };
    expect(await refusal(asked, { path: `/?key=${key}` })).toMatchObject({
      name: 'InvalidRequestException',
      message: expect.stringMatching(CONSTRUCTOR_ARGUMENTS),
    });
    const other = await service.key();
    for (const headers of [{ 'X-API-Key': other }, { Authorization: `Bearer ${other}` }]) {
      expect(await refusal(asked, { headers })).toMatchObject({ name: 'InvalidRequestException' });
    }
    const same = await callAws(service, { key, input: asked, headers: { 'X-API-Key': key } });
    expect(same.status).toBe(200);
  });
});

describe('input:', () => {
  it.each([
    [{}, /^flowExecutionId: must be given\.$/],
    [{ flowExecutionId: null }, /^flowExecutionId: must be given\.$/],
    [{ flowExecutionId: '' }, /^flowExecutionId: must not be empty\.$/],
    [{ flowExecutionId: 'x'.repeat(513) }, /^flowExecutionId: must be at most 512 characters/],
    [{ flowExecutionId: 'a\nb' }, /^flowExecutionId: must not contain control characters\.$/],
    [{ flowExecutionId: '\ud800' }, /^flowExecutionId: must be well-formed Unicode\.$/],
    [{ flowExecutionId: ID, maxResults: 0 }, /^maxResults: must be a whole number from 1 to 250\.$/],
    [{ flowExecutionId: ID, maxResults: -1 }, /^maxResults: /],
    [{ flowExecutionId: ID, maxResults: 251 }, /^maxResults: must be a whole number from 1 to 250\.$/],
    [{ flowExecutionId: ID, nextToken: '' }, /^nextToken: must not be empty/],
    [{ flowExecutionId: ID, nextToken: '3' }, /^nextToken: is not a token of this execution/],
    [{ maxResults: 0, nextToken: '' }, /flowExecutionId: .* maxResults: .* nextToken: /],
  ])('%j is an InvalidRequestException that names the invalid member', async (input, text) => {
    const { name, status, message } = await refusal(input);
    expect({ name, status }).toEqual({ name: 'InvalidRequestException', status: 400 });
    expect(message).toMatch(text);
    expect(service.calls()).toBe(0);
  });

  it.each([
    ['', 'must be JSON'],
    ['{"flowExecutionId": "x"', 'must be JSON'],
    ['flowExecutionId=x', 'must be JSON'],
    ['null', 'must be a JSON object'],
    ['[]', 'must be a JSON object'],
    ['"x"', 'must be a JSON object'],
    [{ flowExecutionId: 5 }, 'flowExecutionId: must be a string'],
    [{ flowExecutionId: ID, maxResults: '5' }, 'maxResults: must be a whole number'],
    [{ flowExecutionId: ID, maxResults: 2.5 }, 'maxResults: must be a whole number'],
    [`{"flowExecutionId": "x", "maxResults": 1e999}`, 'maxResults: must be a whole number'],
    [{ flowExecutionId: ID, nextToken: { a: 1 } }, 'nextToken: must be a string'],
    [{ flowExecutionId: [], maxResults: true }, 'maxResults: must be a whole number'],
  ])('%j is a SerializationException', async (input, text) => {
    const [name, keyId] = ['SerializationException', key.slice(4, 12)];
    const message = expect.stringContaining(text);
    expect(await refusal(input)).toMatchObject({ name, status: 400, message });
    expect(service.requests().at(-1)).toMatchObject({ failure: name, keyId });
  });

  it('a body that is not UTF-8 is a SerializationException, and one over 64 KiB an InvalidRequestException', async () => {
    const send = (body: Uint8Array<ArrayBuffer> | string) =>
      exceptionOf(
        service.fetch('/', {
          method: 'POST',
          headers: {
            'X-Amz-Target': 'IotThingsGraphFrontEndService.ListFlowExecutionMessages',
            'X-Amz-Security-Token': key,
          },
          body,
        }),
      );
    expect(await send(new Uint8Array([0x7b, 0xff, 0x7d]))).toMatchObject({ name: 'SerializationException' });
    expect(await send(' '.repeat(64 * 1024 + 1))).toMatchObject({
      name: 'InvalidRequestException',
      status: 400,
      message: expect.stringContaining('65536 bytes'),
    });
  });

  it('members that are not in the model are ignored', async () => {
    const input = { flowExecutionId: ID, waitTimeSeconds: 'x', messages: [], __type: 'X' };
    expect((await callAws(service, { key, input })).status).toBe(200);
  });

  it.each(['IotThingsGraphFrontEndService.SearchFlowExecutions', 'X.ListFlowExecutionMessages', '', 'é'])(
    'the operation %j is an UnknownOperationException that names the supported one',
    async (target) => {
      expect(await refusal({ flowExecutionId: ID }, { target: encodeURI(target) })).toMatchObject({
        name: 'UnknownOperationException',
        status: 400,
        message: expect.stringMatching(/^At POST \/, this service answers ListFlowExecutionMessages .*\.$/),
      });
    },
  );

  it('a request to an endpoint with a path gets an exception that says to remove the path', async () => {
    for (const target of ['/aws', '/aws/', '/v2']) {
      expect(await refusal({ flowExecutionId: ID }, { path: target })).toMatchObject({
        name: 'UnknownOperationException',
        message: expect.stringMatching(/without a path: endpoint_url in Python, endpoint in JavaScript\.$/),
      });
    }
  });

  it('a token of another execution is refused even if the key may read both', async () => {
    await service.script(OTHER, endedLongAgo(service.clock, 5));
    const { nextToken } = await pageOf(service.get(path(OTHER, 'maxResults=2')));
    expect(await refusal({ flowExecutionId: ID, nextToken })).toMatchObject({
      name: 'InvalidRequestException',
    });
  });

  it('a token of a replaced history is refused with advice to start again', async () => {
    const { nextToken } = await pageOf(service.get(path(ID, 'maxResults=2')));
    await service.admin('DELETE', `/executions/${encodeURIComponent(ID)}`);
    await service.script(
      ID,
      endedLongAgo(service.clock, 5).map((message) => ({ ...message, messageId: `${message.messageId}x` })),
    );
    await service.clock.advance(11_000);
    expect(await refusal({ flowExecutionId: ID, nextToken })).toMatchObject({
      name: 'InvalidRequestException',
      message: expect.stringContaining('without nextToken'),
    });
  });

  it('GET / and other methods get a 404 problem without CORS headers', async () => {
    for (const method of ['GET', 'HEAD', 'PUT', 'OPTIONS']) {
      const response = await service.fetch('/', { method });
      expect(response.status).toBe(404);
      expect(response.headers.get('Content-Type')).toBe('application/problem+json');
      expect(response.headers.get('Access-Control-Allow-Methods')).toBeNull();
    }
  });
});

describe('the upstream', () => {
  /** Returns the refusal. Advances time only when a retry is pending or the emulator stalls an attempt. */
  const refusedAfterRetries = async (input: unknown) => {
    const { clock, emulator } = service;
    const call = { isOver: false };
    const answer = callAws(service, { key, input }).finally(() => (call.isOver = true));
    while (!call.isOver) {
      const untilWakeMs = (clock.nextWakeAt ?? Infinity) - clock.now();
      const { stalled, inFlight } = emulator.stats();
      const isWaiting = untilWakeMs < 1_000 || (stalled > 0 && inFlight > 0);
      await (isWaiting ? clock.advance(untilWakeMs) : settle());
    }
    return exceptionOf(answer);
  };

  it('that does not know the execution causes a ResourceNotFoundException', async () => {
    expect(await refusedAfterRetries({ flowExecutionId: 'unknown' })).toMatchObject({
      name: 'ResourceNotFoundException',
      status: 400,
    });
  });

  it.each([
    [{ throttleRate: 1 }, 'ThrottlingException', 400, 'upstream-throttled'],
    [{ internalErrorRate: 1 }, 'InternalFailureException', 500, 'upstream-internal'],
    [{ xmlErrorRate: 1 }, 'InternalFailureException', 500, 'upstream-broken'],
    [{ stallRate: 1 }, 'InternalFailureException', 500, 'upstream-timeout'],
    [{ truncateRate: 1 }, 'InternalFailureException', 500, 'upstream-internal'],
  ])('with faults %j causes a %s, status %i, which clients retry', async (faults, name, status, failure) => {
    await service.faults(faults);
    const { message, ...rest } = await refusedAfterRetries({ flowExecutionId: ID });
    expect(rest).toEqual({ name, status });
    expect(service.requests().at(-1)).toMatchObject({ failure, status });
    // The answer does not repeat the upstream's text.
    expect(message).not.toMatch(/Rate exceeded|HTTP|XML|AccessDenied/);
  });

  it('that is unreachable causes an InternalFailureException', async () => {
    service.stopUpstream();
    expect(await refusedAfterRetries({ flowExecutionId: ID })).toMatchObject({
      name: 'InternalFailureException',
      status: 500,
    });
  });
});

it('a key store that is down causes an InternalFailureException, because keys cannot be checked', async () => {
  service.restart();
  service.store.failReads();
  expect(await refusal({ flowExecutionId: ID })).toMatchObject({
    name: 'InternalFailureException',
    status: 500,
  });
});

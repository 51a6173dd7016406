import { describe, expect, test } from 'vitest';
import { scenarioArn } from '../../src/emulator/scenarios/step-functions-catalog.ts';
import { REDRIVEN_AFTER_MS } from '../../src/emulator/scenarios/step-functions-machines.ts';
import { ok } from '../../src/core/errors.ts';
import { parseExecutionArn } from '../../src/core/execution-arn.ts';
import { parseExecutionRef } from '../../src/core/execution-ref.ts';
import { parseAllowedAccounts } from '../../src/sources/step-functions/allowed-accounts.ts';
import { rebuildEvent, withoutEmptyDetails } from '../step-functions/rebuild-event.ts';
import { readRecordedHistories } from '../step-functions/recorded-histories.ts';
import { letBackoffPass } from './things-graph-under-test.ts';
import { allMessages, arnOf, sourceUnderTest, UUID } from '../step-functions/source-under-test.ts';
import { READ } from '../support/call-options.ts';

test('every recorded history, read page by page from the emulator, gives one message per event, in order', async () => {
  const { source, script } = sourceUnderTest();
  for (const [index, { events }] of readRecordedHistories().entries()) {
    const arn = arnOf(`recorded-${index}`);
    await script(arn, events);
    const pages = await allMessages(source, arn, 1 + (index % 7));
    expect(pages.flat().map(rebuildEvent)).toEqual(events.map(withoutEmptyDetails));
  }
});

test('events that arrive out of order are sorted by their ids', async () => {
  const events = [3, 1, 2].map((id) => ({ id, type: 'PassStateEntered', timestamp: 1 }));
  const { page } = sourceUnderTest({ fetch: async () => Response.json({ events }) });
  const result = await page(arnOf('x'));
  expect(result.ok && result.value.messages.map(({ messageId }) => messageId)).toEqual(['1', '2', '3']);
});

test.each([
  ['null', { nextToken: null }],
  ['empty', { nextToken: '' }],
  ['absent', {}],
])('a next token that is %s ends the history', async (_, more) => {
  const { page } = sourceUnderTest({ fetch: async () => Response.json({ events: [], ...more }) });
  expect(await page(arnOf('x'))).toEqual(ok({ messages: [] }));
});

describe('which executions are requested', () => {
  test.each([
    ['another account', arnOf('x', 'us-west-2:999999999999')],
    ['another region', arnOf('x', 'eu-west-1:123456789012')],
    ['a region that would lead to another host', arnOf('x', 'evil-host:123456789012')],
  ])('an execution in %s is forbidden before a call is made', async (_, arn) => {
    const { page, source, urls } = sourceUnderTest({
      allowed: 'us-west-2:123456789012,evil-host:123456789012',
    });
    expect(await page(arn)).toMatchObject({ failure: { type: 'source-forbidden' } });
    expect(await source.describe?.(parseExecutionRef(arn), READ)).toMatchObject({
      failure: { type: 'source-forbidden' },
    });
    expect(urls).toEqual([]);
  });

  test('an EXPRESS execution, which has no history, is refused without a call', async () => {
    const { page, urls } = sourceUnderTest();
    const arn = 'arn:aws:states:us-west-2:123456789012:express:StateMachine:name:uuid';
    expect(await page(arn)).toMatchObject({
      failure: { type: 'upstream-invalid-request', internal: expect.stringContaining('EXPRESS') },
    });
    expect(urls).toEqual([]);
  });

  test('an execution is requested from the region in its ARN', async () => {
    const { page, urls } = sourceUnderTest({
      allowed: 'us-west-2:123456789012, eu-west-1:123456789012, cn-north-1:123456789012',
      fetch: async () => Response.json({ events: [] }),
    });
    await page(arnOf('x'));
    await page(arnOf('x', 'eu-west-1:123456789012'));
    await page(arnOf('x', 'cn-north-1:123456789012').replace('arn:aws:', 'arn:aws-cn:'));
    expect(urls).toEqual([
      'https://states.us-west-2.amazonaws.com/',
      'https://states.eu-west-1.amazonaws.com/',
      'https://states.cn-north-1.amazonaws.com.cn/',
    ]);
  });
});

describe('errors', () => {
  test.each([
    ['ExecutionDoesNotExist', 'upstream-not-found'],
    ['InvalidArn', 'upstream-invalid-request'],
    ['ValidationException', 'upstream-invalid-request'],
    ['InvalidToken', 'upstream-invalid-token'],
    ['KmsAccessDeniedException', 'upstream-broken'],
    ['KmsInvalidStateException', 'upstream-broken'],
    ['AccessDeniedException', 'upstream-broken'],
    ['ExpiredTokenException', 'upstream-broken'],
    ['UnrecognizedClientException', 'upstream-broken'],
    ['KmsThrottlingException', 'upstream-throttled'],
    ['ThrottlingException', 'upstream-throttled'],
    ['InternalServerError', 'upstream-internal'],
  ])('%s becomes the failure %s', async (name, type) => {
    const answer = () =>
      Response.json({ __type: `com.amazonaws.swf.service.v2.model#${name}` }, { status: 400 });
    const { page, clock } = sourceUnderTest({ fetch: async () => answer() });
    const result = await letBackoffPass(clock, page(arnOf('x')));
    expect(result).toMatchObject({ ok: false, failure: { type } });
  });

  test.each([
    ['no events', {}, 'events: invalid_type'],
    ['an event without an id', { events: [{ type: 'A', id: null }] }, 'events.0.id: invalid_type'],
    ['an impossible time', { events: [{ type: 'A', id: 1, timestamp: 1e18 }] }, 'event 1: impossible time'],
  ])(
    'the failure for an answer with %s names the place of the mistake, but does not repeat the content',
    async (_, answer, internal) => {
      const { page } = sourceUnderTest({ fetch: async () => Response.json(answer) });
      expect(await page(arnOf('x'))).toMatchObject({
        failure: { type: 'upstream-broken', internal: expect.stringContaining(internal) },
      });
    },
  );

  test('an expired token and a token of another execution are invalid tokens; an unknown execution is not found', async () => {
    const { page, clock, faults } = sourceUnderTest();
    const arn = scenarioArn('LambdaCalls', clock.now() - 60_000, UUID);
    const first = await page(arn, undefined, 5);
    const token = first.ok ? first.value.nextToken : undefined;
    expect(await page(arn, token, 5)).toMatchObject({ ok: true });
    expect(await page(scenarioArn('FailingMap', clock.now() - 60_000, UUID), token)).toMatchObject({
      failure: { type: 'upstream-invalid-token' },
    });
    await faults({ tokenLifetimeMs: 1_000 });
    await clock.advance(1_000);
    expect(await page(arn, token)).toMatchObject({ failure: { type: 'upstream-invalid-token' } });
    expect(await page(arnOf('unknown'))).toMatchObject({ failure: { type: 'upstream-not-found' } });
  });
});

describe('a description', () => {
  test('gives status, times and redrivability without reading the history', async () => {
    const { source, clock } = sourceUnderTest();
    const startMs = clock.now();
    const arn = scenarioArn('Redriven', startMs, UUID);
    const startedAt = new Date(startMs).toISOString();
    const described = () => source.describe?.(parseExecutionRef(arn), READ);
    expect(await described()).toMatchObject(
      ok({ upstreamStatus: 'RUNNING', status: 'RUNNING', startedAt, redrivable: false }),
    );
    await clock.advance(REDRIVEN_AFTER_MS - 1);
    expect(await described()).toMatchObject(
      ok({ upstreamStatus: 'FAILED', status: 'FAILED', startedAt, redriveCount: 0, redrivable: true }),
    );
    await clock.advance(21);
    expect(await described()).toMatchObject(ok({ status: 'RUNNING', redriveCount: 1, redrivable: false }));
    await clock.advance(60_000);
    const redrivenAt = new Date(startMs + REDRIVEN_AFTER_MS + 20).toISOString();
    expect(await described()).toMatchObject(
      ok({ upstreamStatus: 'SUCCEEDED', startedAt, redriveCount: 1, redrivenAt, redrivable: false }),
    );
  });

  test.each([
    ['PENDING_REDRIVE', 'RUNNING'],
    ['TIMED_OUT', 'FAILED'],
    ['ABORTED', 'ABORTED'],
    ['SOMETHING_NEW', undefined],
  ])('the AWS status %s becomes %s, and is also kept unchanged', async (upstreamStatus, status) => {
    const { source } = sourceUnderTest({ fetch: async () => Response.json({ status: upstreamStatus }) });
    expect(await source.describe?.(parseExecutionRef(arnOf('x')), READ)).toEqual(
      ok({ upstreamStatus, ...(status && { status }), metadata: { status: upstreamStatus } }),
    );
  });
});

describe('the ARN of an execution', () => {
  test.each([
    ['arn:aws:states:us-east-1:123456789012:execution:Machine:name', 'us-east-1', 'standard'],
    ['arn:aws:states:us-east-1:123456789012:execution:Machine/Label:0a1b', 'us-east-1', 'standard'],
    ['arn:aws-us-gov:states:us-gov-west-1:123456789012:execution:Mäschine:name', 'us-gov-west-1', 'standard'],
    ['arn:aws:states:us-east-1:123456789012:express:Machine:name:0a1b', 'us-east-1', 'express'],
    ['arn:aws:states:local:0123456789:execution:Machine:name', 'local', 'standard'],
    ['arn:aws-eusc:states:eusc-de-east-1:123456789012:execution:Machine:name', 'eusc-de-east-1', 'standard'],
    ['arn:aws-iso-b:states:us-isob-east-1:123456789012:execution:Machine:name', 'us-isob-east-1', 'standard'],
  ])('%s is valid', (arn, region, type) => expect(parseExecutionArn(arn)).toMatchObject({ region, type }));

  test.each([
    'urn:tdm:us-west-2/123456789012/default:Workflow:SecurityFlow_2019-05-11T19:39:55.317Z_MotionSensor_69b151ad',
    'arn:aws:states:us-east-1:123456789012:stateMachine:Machine',
    'arn:aws:states:us-east-1:123456789012:mapRun:Machine/Label:uuid',
    'arn:aws:states:us-east-1:123456789012:execution:Machine',
    'arn:aws:states:us-east-1:123456789012:execution:/Label:name',
    'arn:aws:states:us-east-1:123456789012:execution:Machine/:name',
    'arn:aws:states:us-east-1:123456789012:execution:Machine::name',
    'arn:aws:states:cn-north-1:123456789012:execution:Machine:name',
    'arn:aws-cn:states:us-east-1:123456789012:execution:Machine:name',
    'arn:aws-nowhere:states:us-east-1:123456789012:execution:Machine:name',
    'arn:aws:states:us.evil.example/:123456789012:execution:Machine:name',
    'arn:aws:states:us-east-1:12345678901a:execution:Machine:name',
    'arn:aws:lambda:us-east-1:123456789012:execution:Machine:name',
    `arn:aws:states:us-east-1:123456789012:execution:Machine:${'x'.repeat(256)}`,
    ' arn:aws:states:us-east-1:123456789012:execution:Machine:name',
  ])('%s is invalid', (text) => expect(parseExecutionArn(text)).toBeUndefined());
});

test.each([
  ['', []],
  [' us-east-1:123456789012 ,eu-west-1:123456789012,', ['us-east-1:123456789012', 'eu-west-1:123456789012']],
])("SFN_ALLOWED '%s' is %j", (setting, pairs) => {
  expect([...(parseAllowedAccounts(setting) ?? [])]).toEqual(pairs);
});

test.each([
  '*',
  'us-east-1',
  'us-east-1:*',
  'us-east-1:123',
  'us-east-1:123456789012:x',
  'us_east:123456789012',
])("SFN_ALLOWED '%s' is invalid", (setting) => expect(parseAllowedAccounts(setting)).toBeUndefined());

test.each(['local:123456789012', 'us-west-0:123456789012', 'us-east-1:0123456789'])(
  "SFN_ALLOWED '%s' is valid for other servers, but not for AWS, which has no such region or account",
  (setting) => {
    expect(parseAllowedAccounts(setting, 'other-server')).toEqual(new Set([setting]));
    expect(parseAllowedAccounts(setting, 'aws')).toBeUndefined();
  },
);

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseExecutionRef } from '../../src/core/execution-ref.ts';
import { ok } from '../../src/core/errors.ts';
import { epochSecondsFromIso } from '../../src/messages/timestamp.ts';
import { staticCredentials } from '../../src/sources/aws/aws-credentials.ts';
import type { Fetch } from '../../src/sources/aws/aws-json.ts';
import { createThingsGraphSource } from '../../src/sources/things-graph/things-graph.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { testLog } from '../support/secret-search.ts';
import { CREDENTIALS, thingsGraphUnderTest } from './things-graph-under-test.ts';
import { READ } from '../support/call-options.ts';

const ENDPOINT = new URL('http://upstream.invalid/');
const answering = (answer: unknown): Fetch => {
  return () => Promise.resolve(new Response(JSON.stringify(answer)));
};
const pageOf = (answer: unknown) => thingsGraphUnderTest(ENDPOINT, { fetch: answering(answer) }).page();

test('messages keep their order and their known members; null members are omitted', async () => {
  const absentOr = <T>(value: fc.Arbitrary<T>) =>
    fc.option(fc.option(value, { nil: null }), { nil: undefined });
  const wire = fc.record(
    {
      messageId: absentOr(fc.string()),
      eventType: absentOr(fc.string()),
      timestamp: absentOr(fc.integer({ min: 0, max: 253_402_300_799_999 }).map((ms) => ms / 1000)),
      payload: absentOr(fc.string({ unit: 'grapheme' })),
      unknownMember: fc.jsonValue(),
    },
    { requiredKeys: [] },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(wire), async (messages) => {
      const result = await pageOf({ messages, somethingNew: 1 });
      const expected = messages.map(({ unknownMember: _, ...known }) =>
        Object.fromEntries(Object.entries(known).filter(([, value]) => value != null)),
      );
      const back = result.ok
        ? result.value.messages.map((message) =>
            message.timestamp === undefined
              ? message
              : { ...message, timestamp: epochSecondsFromIso(message.timestamp) },
          )
        : result;
      expect(back).toEqual(expected);
    }),
  );
});

test.each([
  ['no messages', {}, { messages: [] }],
  ['null messages', { messages: null, nextToken: null }, { messages: [] }],
  ['an empty token', { messages: [], nextToken: '' }, { messages: [] }],
  [
    'an empty page that is not the last',
    { messages: [], nextToken: 'more' },
    { messages: [], nextToken: 'more' },
  ],
  [
    'an unknown event type',
    { messages: [{ eventType: 'STEP_PAUSED' }] },
    { messages: [{ eventType: 'STEP_PAUSED' }] },
  ],
  ['an empty payload', { messages: [{ payload: '' }] }, { messages: [{ payload: '' }] }],
])('%s is a page', async (_, answer, page) => {
  expect(await pageOf(answer)).toEqual(ok(page));
});

test('the failure for a malformed answer does not contain data of the customer', async () => {
  const result = await pageOf({ messages: [{ payload: 'private' }, { payload: { text: 'private' } }] });
  expect(result).toEqual({
    ok: false,
    failure: {
      type: 'upstream-broken',
      internal: 'ListFlowExecutionMessages: wrong shape at messages.1.payload: invalid_type',
    },
  });
});

test('a page is requested by id and limit, and by token if there is one', async () => {
  const bodies: unknown[] = [];
  const fetch: Fetch = (_, init) => {
    bodies.push(JSON.parse(String(init.body)));
    return Promise.resolve(new Response('{}'));
  };
  const { page } = thingsGraphUnderTest(ENDPOINT, { fetch });
  await page(undefined, undefined, 'urn:tdm:us-west-2/1/default:Workflow:ä_😀', 250);
  await page(undefined, 'token', 'id', 7);
  expect(bodies).toEqual([
    { flowExecutionId: 'urn:tdm:us-west-2/1/default:Workflow:ä_😀', maxResults: 250 },
    { flowExecutionId: 'id', nextToken: 'token', maxResults: 7 },
  ]);
});

test("without a configured endpoint, AWS's endpoint in the region is used; an invalid region throws immediately", async () => {
  const urls: string[] = [];
  const fetch: Fetch = (url) => {
    urls.push(url);
    return Promise.resolve(new Response('{}'));
  };
  const options = {
    credentials: staticCredentials(CREDENTIALS),
    fetch,
    clock: new ManualClock(),
    random: () => 0,
    log: testLog(),
  };
  await createThingsGraphSource({ ...options, region: 'eu-west-1' }).page(
    parseExecutionRef('id'),
    undefined,
    1,
    READ,
  );
  expect(urls).toEqual(['https://iotthingsgraph.eu-west-1.amazonaws.com/']);
  expect(() => createThingsGraphSource({ ...options, region: 'evil.example/' })).toThrow(
    'Cannot name an endpoint as \'region\' must be an AWS region like us-west-2: current value is "evil.example/"',
  );
});

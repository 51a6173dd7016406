/**
 * Tests that a key with `payloads: none` sees no payload, error or cause on any route, even if another key has read
 * them before.
 */
import { expect, test } from 'vitest';

import { path, type ServiceUnderTest } from '../http/service-under-test.ts';
import {
  awsCall,
  bearer,
  EVENTS,
  everythingIn,
  openStream,
  openTenants,
  OWN,
  OWN_PATTERN,
  PAYLOAD,
  ticketFor,
  warm,
} from './tenants.ts';

const BLIND = { executions: [OWN_PATTERN], tickets: true, payloads: 'none' } as const;
const FULL = { executions: [OWN_PATTERN], tickets: true, payloads: 'full' } as const;

/** Returns the answers of every route that reads the execution, with a key or with a ticket in the query. */
async function allWays(
  service: ServiceUnderTest,
  id: string,
  key: string | undefined,
  ticket = '',
): Promise<string[]> {
  const headers: Record<string, string> = key === undefined ? {} : bearer(key);
  const answers = [
    await service.fetch(path(id, ticket), { headers }),
    await service.fetch(path(id, `${ticket}&last=2`), { headers }),
    await service.fetch(path(id, `${ticket}&eventTypes=STEP_FAILED`), { headers }),
    await service.fetch(path(id, ticket, ''), { headers }),
    await service.fetch(path(id, ticket), { headers: { ...headers, ...EVENTS } }),
    await service.fetch(path(id, `${ticket}&from=now`), { headers: { ...headers, ...EVENTS } }),
    ...(key === undefined ? [] : [await awsCall(service, key, { flowExecutionId: id })]),
  ];
  for (const { status } of answers) expect(status).toBe(200);
  return Promise.all(answers.map(everythingIn));
}

const seesPayloads = (texts: readonly string[]): boolean => texts.some((text) => text.includes(PAYLOAD));

test.each([
  ['that nobody has read before', false],
  ['that a full key has read into every cache', true],
])(
  'no answer to a key with `payloads: none` has payloads of a live or archived execution %s',
  async (_, isWarm) => {
    const service = await openTenants();
    if (isWarm) await warm(service);
    const blind = await service.key(BLIND);
    const full = await service.key(FULL);
    for (const id of Object.values(OWN)) {
      const texts = await allWays(service, id, blind);
      expect(seesPayloads(texts)).toBe(false);
      // Only the payloads are missing: the messages themselves are there.
      expect(texts[0]).toContain('attacker-2');
      expect(seesPayloads(await allWays(service, id, full))).toBe(true);
      expect(seesPayloads(await allWays(service, id, blind))).toBe(false);
    }
    const [, , , unseen = ''] = await allWays(service, OWN.ended, blind);
    const [, , , seen = ''] = await allWays(service, OWN.ended, full);
    const failureIn = (text: string) => /"failure":(\{[^{}]*\})/.exec(text)?.[1] ?? '{}';
    const blindly = { messageId: 'attacker-2', eventType: 'STEP_FAILED', timestamp: expect.any(String) };
    const readOut = { step: `${PAYLOAD}-s`, error: `${PAYLOAD}-e`, cause: `${PAYLOAD}-c` };
    expect(JSON.parse(failureIn(unseen))).toEqual({ ...blindly, cursor: expect.any(String) });
    expect(JSON.parse(failureIn(seen))).toEqual({ ...blindly, ...readOut, cursor: expect.any(String) });
  },
);

test('no live stream with `payloads: none` has payloads, even while another subscriber of the execution gets them', async () => {
  const service = await openTenants();
  const id = `${OWN.running}-live`;
  const at = (n: number, afterMs: number) => ({
    messageId: `live-${n}`,
    eventType: 'STEP_STARTED',
    payload: `${PAYLOAD} ${n}`,
    afterMs,
  });
  await service.script(id, [at(0, 0), at(1, 3_000), at(2, 6_000)]);
  const [full, blind] = [await service.key(FULL), await service.key(BLIND)];
  await service.clock.advance(1_001);
  const created = await ticketFor(service, full, id, { payloads: 'none' });
  const seeing = await openStream(service, path(id), full);
  const unseeing = [
    await openStream(service, path(id), blind),
    await openStream(service, path(id, `ticket=${created}`)),
    await openStream(service, path(id, `ticket=${await ticketFor(service, blind, id)}`)),
  ];
  await service.clock.advance(30_000);
  expect(seeing.reader.messageIds).toEqual(['live-0', 'live-1', 'live-2']);
  expect(JSON.stringify(seeing.reader.events)).toContain(`${PAYLOAD} 2`);
  for (const { reader, leave } of [...unseeing, seeing]) {
    if (reader !== seeing.reader) {
      expect(reader.messageIds).toEqual(['live-0', 'live-1', 'live-2']);
      expect(JSON.stringify(reader.events)).not.toContain(PAYLOAD);
    }
    await leave();
  }
});

test('no ticket of a key with `payloads: none` shows payloads, and a request for a ticket with payloads is refused', async () => {
  const service = await openTenants();
  await warm(service);
  const blind = await service.key(BLIND);
  for (const id of Object.values(OWN)) {
    const ticket = await ticketFor(service, blind, id);
    expect(seesPayloads(await allWays(service, id, undefined, `ticket=${ticket}`))).toBe(false);
    const narrowed = await ticketFor(service, await service.key(FULL), id, { payloads: 'none' });
    expect(seesPayloads(await allWays(service, id, undefined, `ticket=${narrowed}`))).toBe(false);
  }
  await expect(ticketFor(service, blind, OWN.ended, { payloads: 'full' })).rejects.toThrow(
    'OperationNotAllowed',
  );
});

test('after a key is changed to `none`, neither the key nor its earlier tickets show payloads', async () => {
  const service = await openTenants();
  await warm(service);
  const key = await service.key(FULL);
  const ticket = await ticketFor(service, key, OWN.ended);
  expect(seesPayloads(await allWays(service, OWN.ended, undefined, `ticket=${ticket}`))).toBe(true);
  await service.clock.advance(1_001);
  await service.admin('PATCH', `/keys/${key.slice(4, 12)}`, { payloads: 'none' });
  expect(seesPayloads(await allWays(service, OWN.ended, key))).toBe(false);
  expect(seesPayloads(await allWays(service, OWN.ended, undefined, `ticket=${ticket}`))).toBe(false);
});

test('the ETag does not depend on payloads that the key does not see', async () => {
  const [one, two] = [await openTenants(), await openTenants()];
  const history = (payload: string) =>
    [0, 1].map((n) => ({
      messageId: `${n}`,
      eventType: 'STEP_STARTED',
      timestamp: 1_700_000_000 + n,
      payload,
    }));
  await one.script(`${OWN.running}-x`, history('yes'));
  await two.script(`${OWN.running}-x`, history('no, and much longer'));
  const etag = async (service: ServiceUnderTest) => {
    const headers = bearer(await service.key(BLIND));
    return (await service.fetch(path(`${OWN.running}-x`), { headers })).headers.get('ETag');
  };
  expect(await etag(one)).toBe(await etag(two));
});

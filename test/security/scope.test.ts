/**
 * Tests that a key for `…SecurityFlow_*` cannot read other executions on any route, whether they are unknown, live,
 * archived or cached. Cursors and tickets of other executions do not help.
 */
import { describe, expect, test } from 'vitest';

import { ADMIN_TOKEN, pageOf, path, problemOf, type ServiceUnderTest } from '../http/service-under-test.ts';
import {
  answered,
  awsCall,
  bearer,
  EVENTS,
  everythingIn,
  openStream,
  openTenants,
  OTHER,
  OTHER_FLOWS,
  OWN,
  OWN_FLOWS,
  OWN_PATTERN,
  OWN_RUNS_PATTERN,
  ticketFor,
  VICTIM,
  warm,
} from './tenants.ts';

const MINE = { executions: [OWN_PATTERN], tickets: true };
const NOWHERE = `${OTHER.ended}-that-does-not-exist`;

/** Returns the answers to every kind of request for the execution, without request ids. */
async function allWays(service: ServiceUnderTest, key: string, id: string): Promise<string[]> {
  const cursor = (await pageOf(service.get(path(OWN.ended, 'maxResults=1')))).cursor;
  const get = (url: string, more: Record<string, string> = {}) =>
    answered(service, service.fetch(url, { headers: { ...bearer(key), ...more } }));
  const answers = [
    await get(path(id)),
    await get(path(id, 'last=5')),
    await get(path(id, 'waitTimeSeconds=50')),
    await get(path(id, `cursor=${cursor}`)),
    await get(path(id), { 'If-None-Match': '*' }),
    await get(path(id), EVENTS),
    await get(path(id, 'from=now'), EVENTS),
    await get(path(id), { ...EVENTS, 'Last-Event-ID': cursor }),
    await get(path(id, '', '')),
    await get(path(id, 'waitTimeSeconds=50', '')),
    await service.fetch(path(id), { method: 'HEAD', headers: bearer(key) }),
    await service.fetch(path(id, '', '/tickets'), { method: 'POST', headers: bearer(key) }),
    await awsCall(service, key, { flowExecutionId: id }),
    await awsCall(service, key, { flowExecutionId: id, nextToken: cursor }),
  ];
  const shown = await Promise.all(
    answers.map(async (answer) => `${answer.status} ${await everythingIn(answer)}`),
  );
  return shown.map((text) => text.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '(a request id)'));
}

describe('a key for one flow', () => {
  test.each([
    ['that nobody has read yet', false],
    ['that are archived or live, and in every cache', true],
  ])(
    'gets the same answers for executions of another flow %s as for an execution that does not exist',
    async (_, isWarm) => {
      const service = await openTenants();
      if (isWarm) await warm(service);
      const key = await service.key(MINE);
      const expected = await allWays(service, key, NOWHERE);
      for (const text of expected) expect(text).toMatch(/^(403|400 .*AccessDeniedException)/);
      await service.fetch('/v1/key', { headers: bearer(key) });
      const [calls, reads] = [service.calls(), service.store.reads('archive/')];
      // `allWays` reads this page for its cursor. Measure what that costs, because it is allowed below.
      await pageOf(service.get(path(OWN.ended, 'maxResults=1')));
      const own = { calls: service.calls() - calls, reads: service.store.reads('archive/') - reads };
      for (const id of Object.values(OTHER)) {
        const before = { calls: service.calls(), reads: service.store.reads('archive/') };
        expect(await allWays(service, key, id)).toEqual(expected);
        expect(service.calls() - before.calls).toBeLessThanOrEqual(own.calls);
        expect(service.store.reads('archive/') - before.reads).toBeLessThanOrEqual(own.reads);
      }
    },
  );

  test('cannot read an execution of another flow by an id that names it only once decoded, truncated or normalized', async () => {
    const service = await openTenants();
    await warm(service);
    const key = await service.key(MINE);
    const own = encodeURIComponent(OWN.ended);
    const other = encodeURIComponent(OTHER.ended);
    for (const id of [
      `${own}/../${other}`,
      `${own}%2F..%2F${other}`,
      `${own}%252F..%252F${other}`,
      `${own}%00${other}`,
      `${own}%0A${other}`,
      `${own}/messages/../../${other}`,
      `${own}#/${other}`,
      `${own}?flowExecutionId=${other}`,
      `${own};${other}`,
      encodeURIComponent(other),
      OTHER.ended.replace('Admin', '%41dmin'),
      OTHER.ended.replace('Admin', 'Admin').replace('SecurityFlowAdmin', 'SecurityFlow%5FAdmin'),
    ]) {
      for (const resource of ['', '/messages']) {
        const url = `/v1/executions/${id}${resource}`;
        const answer = await answered(service, service.fetch(url, { headers: bearer(key) }));
        expect(await everythingIn(answer)).not.toContain(VICTIM);
        expect([200, 400, 403, 404, 405]).toContain(answer.status);
      }
      const aws = await awsCall(service, key, {
        flowExecutionId: decodeURIComponent(id.replace(/%(?![0-9A-F]{2})/g, '')),
      });
      expect(await everythingIn(aws)).not.toContain(VICTIM);
    }
  });

  test('reads only the execution that was authorized if an AWS body names two executions', async () => {
    const service = await openTenants();
    await warm(service);
    const key = await service.key(MINE);
    for (const [first, second] of [
      [OWN.ended, OTHER.ended],
      [OTHER.ended, OWN.ended],
    ]) {
      const response = await service.fetch('/', {
        method: 'POST',
        headers: {
          'X-Amz-Target': 'IotThingsGraphFrontEndService.ListFlowExecutionMessages',
          'X-Amz-Security-Token': key,
        },
        body: `{"flowExecutionId":${JSON.stringify(first)},"flowExecutionId":${JSON.stringify(second)}}`,
      });
      expect(response.status).toBe(second === OWN.ended ? 200 : 400);
      expect(await response.text()).not.toContain(VICTIM);
    }
  });

  test('cannot use a cursor of another execution', async () => {
    const service = await openTenants();
    await warm(service);
    const key = await service.key(MINE);
    const foreign = (await pageOf(service.get(path(OTHER.ended, 'maxResults=1')))).cursor;
    expect((await service.fetch(path(OWN.ended, `cursor=${foreign}`), { headers: bearer(key) })).status).toBe(
      400,
    );
    expect((await awsCall(service, key, { flowExecutionId: OWN.ended, nextToken: foreign })).status).toBe(
      400,
    );
    const { reader } = await openStream(service, path(OWN.ended), key, { 'Last-Event-ID': foreign });
    expect(reader.events[0]?.event).toBe('reset');
    expect(reader.messageIds).toEqual(['attacker-0', 'attacker-1', 'attacker-2', 'attacker-3']);
  });
});

describe('lists', () => {
  test('show only what the key may read: live executions, archived ones, and flows', async () => {
    const service = await openTenants();
    await warm(service);
    const key = await service.key({ executions: [OWN_PATTERN, OWN_RUNS_PATTERN] });
    const get = async (url: string, more: Record<string, string> = {}) => {
      const answer = await answered(service, service.fetch(url, { headers: { ...bearer(key), ...more } }));
      const text = await everythingIn(answer);
      expect(text).not.toContain(VICTIM);
      expect(text).not.toContain('Admin');
      return `${answer.status} ${text}`;
    };
    const filters = ['', '&status=RUNNING', '&maxResults=1', '&namePrefix=m', '&startedBefore=2030-01-01'];
    for (const headers of [{}, EVENTS]) {
      for (const filter of filters) {
        const live = await get(`/v1/executions?flow=${OWN_FLOWS.machine}${filter}`, headers);
        expect(live).toContain('mine-1');
        const archived = await get(`/v1/executions?flow=${OWN_FLOWS.workflow}${filter}`, headers);
        expect(archived.includes(OWN.ended)).toBe(!/RUNNING|namePrefix/.test(filter));
        expect(await get(`/v1/executions?source=things-graph${filter}`, headers)).toMatch(/^403/);
        for (const flow of Object.values(OTHER_FLOWS))
          expect(await get(`/v1/executions?flow=${flow}${filter}`, headers)).toMatch(/^403/);
      }
    }
    const flows = await get('/v1/flows');
    for (const flow of Object.values(OWN_FLOWS)) expect(flows).toContain(flow);
  });

  test('match a pattern against the whole name: `mine-1` does not match mine-10', async () => {
    const service = await openTenants();
    const machine = `${OWN_FLOWS.machine}Cut`;
    const startedAt = service.clock.now() - 60_000;
    await service.runs(
      machine,
      ['mine', 'mine-1', 'mine-10', 'min'].map((name) => ({ name, startedAt })),
    );
    const names = async (pattern: string) => {
      const key = await service.key({
        executions: [`${machine.replace(':stateMachine:', ':execution:')}:${pattern}`],
      });
      const answer = await service.fetch('/v1/executions', { headers: bearer(key) });
      // Safety: lists have this shape (docs/http-api.md).
      const { executions } = (await answer.json()) as { executions: { name: string }[] };
      return executions.map(({ name }) => name).toSorted((a, b) => (a < b ? -1 : 1));
    };
    expect(await names('mine-1')).toEqual(['mine-1']);
    expect(await names('mine-*')).toEqual(['mine-1', 'mine-10']);
    expect(await names('*0')).toEqual(['mine-10']);
  });
});

describe('a ticket', () => {
  test('works for the page, the stream and the summary of its execution, and nothing else', async () => {
    const service = await openTenants();
    await warm(service);
    // The key may read everything, but its ticket may not.
    const ticket = await ticketFor(service, await service.key({ tickets: true }), OWN.ended);
    const status = async (url: string, init: RequestInit = {}) => {
      const response = await answered(service, service.fetch(`${url}?ticket=${ticket}`, init));
      const text = await everythingIn(response);
      expect(text).not.toContain(VICTIM);
      expect(text).not.toContain(ticket);
      return response.status;
    };
    const good = [
      await status(path(OWN.ended)),
      await status(path(OWN.ended), { headers: EVENTS }),
      await status(path(OWN.ended, '', '')),
    ];
    expect(good).toEqual([200, 200, 200]);
    for (const id of [OWN.running, OTHER.ended, OTHER.running, NOWHERE]) {
      expect(await status(path(id))).toBe(403);
      expect(await status(path(id), { headers: EVENTS })).toBe(403);
      expect(await status(path(id, '', ''))).toBe(403);
    }
    expect(await status(path(OWN.ended, '', '/tickets'), { method: 'POST' })).toBe(403);
    expect(await status('/v1/key')).toBe(403);
    for (const url of ['/v1/admin/keys', `/v1/admin/executions/${encodeURIComponent(OWN.ended)}`]) {
      expect(await status(url)).toBe(401);
    }
    expect((await awsCall(service, ticket, { flowExecutionId: OWN.ended })).status).toBe(400);
    for (const headers of [bearer(ticket), { 'X-API-Key': ticket }]) {
      expect((await service.fetch(path(OWN.ended), { headers })).status).toBe(401);
    }
  });

  test('is refused if the request also has a key', async () => {
    const service = await openTenants();
    const key = await service.key(MINE);
    const ticket = await ticketFor(service, key, OWN.ended);
    const answer = await problemOf(
      service.fetch(path(OWN.ended, `ticket=${ticket}`), { headers: bearer(key) }),
    );
    expect(answer.code).toBe('ConflictingCredentials');
  });
});

test('the admin token is not an API key, and an API key is not the admin token', async () => {
  const service = await openTenants();
  expect(
    (await service.fetch(path(OWN.ended), { headers: bearer(ADMIN_TOKEN.replaceAll(',', '')) })).status,
  ).toBe(401);
  const key = await service.key({ executions: ['*'], tickets: true });
  for (const url of ['/v1/admin/keys', '/v1/admin/executions', `/v1/admin/keys/${key.slice(4, 12)}`]) {
    expect((await service.fetch(url, { headers: bearer(key) })).status).toBe(401);
  }
});

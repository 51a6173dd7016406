import { beforeEach, describe, expect, test } from 'vitest';

import { endedLongAgo, openService, pageOf, path, type ServiceUnderTest } from './service-under-test.ts';

const ID = 'flow-1';

let service: ServiceUnderTest;
beforeEach(async () => {
  service = await openService();
});

/** Lets background work finish, such as archiving. */
const idle = () => service.clock.advance(1);

const header = async (response: Response | Promise<Response>, name: string) =>
  (await response).headers.get(name);

describe('Cache-Status and Cache-Control', () => {
  test('distinguish a miss from a live hit, and name the layer of the archive that served the page', async () => {
    await service.script(ID, endedLongAgo(service.clock, 300));
    const first = await service.get(path(ID));
    expect(first.headers.get('Cache-Status')).toBe('flowtap; fwd=miss; detail=live');
    expect(first.headers.get('Cache-Control')).toBe('private, no-cache');
    expect(await header(service.get(path(ID)), 'Cache-Status')).toBe('flowtap; hit; detail=live');
    await service.get(path(ID, 'last=1'));
    await idle();
    // For 10 s, the isolate remembers that it found no archive. Its Execution already knows the archive.
    expect(await header(service.get(path(ID)), 'Cache-Control')).toBe('private, max-age=300');
    service.restart();
    const calls = service.calls();
    expect(await header(service.get(path(ID)), 'Cache-Status')).toBe('flowtap; hit; detail=kv');
    const again = await service.get(path(ID));
    expect(again.headers.get('Cache-Status')).toBe('flowtap; hit; detail=memory');
    expect(again.headers.get('Cache-Control')).toBe('private, max-age=300');
    expect(service.calls()).toBe(calls);
  });

  test('mark requests that shared the upstream call of another request', async () => {
    await service.script(ID, endedLongAgo(service.clock, 3));
    const both = await Promise.all([service.get(path(ID)), service.get(path(ID))]);
    // Either of the two requests can cause the call.
    expect(both.map((response) => String(response.headers.get('Cache-Status'))).toSorted()).toEqual([
      'flowtap; fwd=miss; collapsed; detail=live',
      'flowtap; fwd=miss; detail=live',
    ]);
    expect(service.calls()).toBe(1);
  });

  test('forbid storing errors, and reusing pages of running executions without revalidation', async () => {
    await service.script(ID, [{ eventType: 'EXECUTION_STARTED' }]);
    expect(await header(service.get(path(ID)), 'Cache-Control')).toBe('private, no-cache');
    expect(await header(service.get(path(ID, 'maxResults=0')), 'Cache-Control')).toBe('no-store');
    expect(await header(service.get(path('unknown')), 'Cache-Control')).toBe('no-store');
  });
});

describe('Vary', () => {
  test.each([
    ['a page', ID, '', '/messages'],
    ['a summary', ID, '', ''],
    ['a refused page', ID, 'maxResults=0', '/messages'],
    ['an unknown execution', 'unknown', '', '/messages'],
  ])('names all headers that %s depends on', async (_, id, query, resource) => {
    await service.script(ID, endedLongAgo(service.clock, 3));
    const vary = (await header(service.get(path(id, query, resource)), 'Vary')) ?? '';
    expect(new Set(vary.split(', '))).toEqual(new Set(['Accept', 'Authorization', 'X-API-Key', 'Origin']));
  });

  test('is present even if the key is missing', async () => {
    expect(await header(service.fetch(path(ID)), 'Vary')).toContain('Authorization');
    expect(await header(service.fetch('/v1/key'), 'Vary')).toContain('Authorization');
  });
});

describe('ETag', () => {
  beforeEach(() => service.script(ID, endedLongAgo(service.clock, 300)));

  test.each([
    ['a page', path(ID)],
    ['a summary', path(ID, '', '')],
  ])(
    'is strong, and %s that the client already has is a 304 without a body but with the same headers',
    async (_, url) => {
      await service.get(url);
      await idle();
      const full = await service.get(url);
      const etag = full.headers.get('ETag') ?? '';
      expect(etag).toMatch(/^"[\w-]{16,}"$/);
      for (const given of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
        const response = await service.get(url, { 'If-None-Match': given });
        expect({ given, status: response.status, body: await response.text() }).toEqual({
          given,
          status: 304,
          body: '',
        });
        for (const name of ['ETag', 'Cache-Control', 'Vary', 'Link']) {
          expect(response.headers.get(name)).toBe(full.headers.get(name));
        }
      }
      const other = await service.get(url, { 'If-None-Match': '"other"' });
      expect(other.status).toBe(200);
    },
  );

  test('stays the same when the execution is archived, and in another isolate', async () => {
    // Reads the end first: pages have no status until the end was read, so their ETag would change.
    await service.get(path(ID, 'last=1'));
    const live = await header(service.get(path(ID)), 'ETag');
    await idle();
    service.restart();
    expect(await header(service.get(path(ID)), 'ETag')).toBe(live);
  });

  test('differs for a key without payloads, and for another page', async () => {
    const key = await service.key({ payloads: 'none' });
    const all = await Promise.all([
      header(service.get(path(ID)), 'ETag'),
      header(service.fetch(path(ID), { headers: { 'X-API-Key': key } }), 'ETag'),
      header(service.get(path(ID, 'last=3')), 'ETag'),
    ]);
    expect(new Set(all).size).toBe(3);
  });
});

describe('Link', () => {
  test('leads from page to page through the whole history, and is absent on the last page', async () => {
    await service.script(ID, endedLongAgo(service.clock, 7));
    const seen: (string | undefined)[] = [];
    let url: string | undefined = path(
      ID,
      'maxResults=3&eventTypes=STEP_STARTED,EXECUTION_SUCCEEDED&waitTimeSeconds=0',
    );
    while (url !== undefined) {
      const response: Response = await service.get(url);
      const link: string | undefined = /^<([^>]+)>; rel="next"$/.exec(
        response.headers.get('Link') ?? '',
      )?.[1];
      seen.push(...(await pageOf(response)).messages.map(({ messageId }) => messageId));
      const next: URL | undefined =
        link === undefined ? undefined : new URL(link, `https://flowtap.example${url}`);
      url = next && `${next.pathname}${next.search}`;
    }
    expect(seen).toEqual(['1', '2', '3', '4', '5', '6']);
  });

  test('never carries a ticket', async () => {
    await service.script(ID, endedLongAgo(service.clock, 7));
    const created = await service.fetch(path(ID, '', '/tickets'), {
      method: 'POST',
      headers: { Authorization: `Bearer ${await service.key({ tickets: true })}` },
    });
    expect(created.status).toBe(201);
    // Safety: the route answers with a ticket.
    const { ticket } = (await created.json()) as { ticket: string };
    const response = await service.fetch(path(ID, `maxResults=3&ticket=${ticket}`));
    expect(response.status).toBe(200);
    expect(response.headers.get('Link')).toMatch(/^<\?[^>]*cursor=/);
    expect(response.headers.get('Link')).not.toContain('ticket');
  });
});

describe('HEAD', () => {
  test('has the headers of GET and no body, and ignores waitTimeSeconds', async () => {
    await service.script(ID, [{ eventType: 'EXECUTION_STARTED' }]);
    const key = await service.key();
    for (const resource of ['/messages', '']) {
      const url = path(ID, 'waitTimeSeconds=50', resource);
      const head = await service.fetch(url, { method: 'HEAD', headers: { 'X-API-Key': key } });
      expect({ status: head.status, body: await head.text() }).toEqual({ status: 200, body: '' });
      expect(head.headers.get('Cache-Status')).toMatch(/^flowtap; /);
      expect(head.headers.get('ETag')).toMatch(/^"/);
    }
    const page = await service.fetch(path(ID), {
      method: 'HEAD',
      headers: { 'X-API-Key': key, Accept: 'text/event-stream' },
    });
    expect(page.headers.get('Content-Type')).toBe('application/json');
    expect(page.headers.get('ETag')).toBe(await header(service.get(path(ID)), 'ETag'));
  });

  test('of a refused request has the status of GET and no body', async () => {
    const head = await service.fetch(path(ID), { method: 'HEAD' });
    expect({ status: head.status, body: await head.text() }).toEqual({ status: 401, body: '' });
  });
});

/**
 * On workerd and on Deno, one tenant scans a large history again and again with a filter that matches nothing, while
 * another tenant reads small pages. Each request reads only a bounded amount, so the other tenant is served during
 * the scans.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { startEmulatorServer } from '../../src/emulator/server/node-server.ts';
import { SCANNED_BYTES_MAX } from '../../src/executions/scan.ts';
import { UPSTREAM_CREDENTIALS, messagesPath, openWorld } from '../support/on-workerd.ts';
import { ADMIN_TOKEN, SIGNING_SECRET } from '../support/secret-patterns.ts';
import { settingsFor, startDeno } from '../deno/deno-process.ts';

const LENGTH = 450;
const PAYLOAD_BYTES = 200_000;
/**
 * The most messages that one request scans. It reads parts of the archive until it has read SCANNED_BYTES_MAX. No
 * part is larger than that, so a request scans less than twice as much.
 */
const MESSAGES_MAX = Math.ceil((2 * SCANNED_BYTES_MAX) / PAYLOAD_BYTES);

const large = Array.from({ length: LENGTH }, (_, position) =>
  JSON.stringify({
    messageId: String(position),
    eventType: position === LENGTH - 1 ? 'EXECUTION_SUCCEEDED' : 'STEP_STARTED',
    timestamp: new Date(Date.UTC(2026, 0, 1) + position).toISOString(),
    payload: 'x'.repeat(PAYLOAD_BYTES),
  }),
).join('\n');
const small = JSON.stringify({
  messageId: '0',
  eventType: 'EXECUTION_SUCCEEDED',
  timestamp: '2026-01-01T00:00:00Z',
});

interface Page {
  readonly messages: readonly { readonly messageId: string }[];
  readonly nextToken?: string;
  readonly partial?: boolean;
}

const RUNTIMES: readonly (readonly [
  string,
  () => Promise<{ url: URL; adminToken: string; close(): Promise<void> }>,
])[] = [
  [
    'workerd',
    async () => {
      const world = await openWorld();
      return { url: world.url, adminToken: ADMIN_TOKEN, close: () => world.close() };
    },
  ],
  [
    'Deno',
    async () => {
      const directory = await mkdtemp(join(tmpdir(), 'flowtap-scans-'));
      const upstream = await startEmulatorServer({ port: 0, credentials: UPSTREAM_CREDENTIALS });
      const settings = {
        ...settingsFor(upstream.url, join(directory, 'store')),
        SIGNING_SECRET,
        ADMIN_TOKEN,
      };
      const deno = await startDeno(settings);
      return {
        url: new URL(deno.url),
        adminToken: ADMIN_TOKEN,
        close: async () => {
          await deno.kill();
          await upstream.close();
          await rm(directory, { recursive: true });
        },
      };
    },
  ],
];

describe.each(RUNTIMES)('a history of 90 MB on %s', (_, start) => {
  let service: Awaited<ReturnType<typeof start>>;
  let [attacker, victim] = ['', ''];

  const admin = (method: string, path: string, body: string): Promise<Response> =>
    fetch(new URL(`/v1/admin${path}`, service.url), {
      method,
      body,
      headers: { Authorization: `Bearer ${service.adminToken}`, 'Content-Type': 'application/json' },
    });
  const newKey = async (): Promise<string> => {
    const response = await admin('POST', '/keys', '{"name":"reader","executions":["*"],"payloads":"none"}');
    // Safety: the answer of this route has a `key`.
    return ((await response.json()) as { key: string }).key;
  };
  const read = async (id: string, query: string, key: string): Promise<Page> => {
    const response = await fetch(new URL(messagesPath(id, query), service.url), {
      headers: { Authorization: `Bearer ${key}` },
    });
    expect(response.status).toBe(200);
    // Safety: pages have this shape (docs/http-api.md).
    return (await response.json()) as Page;
  };
  /** The position that a request has reached: the number of messages before its `nextToken`. */
  const positionOf = async (page: Page): Promise<number> => {
    if (page.nextToken === undefined) return LENGTH;
    const { messages } = await read('large', `maxResults=1&nextToken=${page.nextToken}`, attacker);
    return Number(messages[0]?.messageId);
  };

  beforeAll(async () => {
    service = await start();
    [attacker, victim] = [await newKey(), await newKey()];
    for (const [id, body] of [
      ['large', large],
      ['small', small],
    ] as const)
      expect((await admin('PUT', `/executions/${id}/messages`, body)).status).toBe(200);
  });
  afterAll(() => service.close());

  test('is scanned in bounded requests that each make progress, while another tenant can read', async () => {
    const attacks = Array.from({ length: 9 }, () => read('large', 'eventTypes=EXECUTION_ABORTED', attacker));
    expect(await read('small', 'maxResults=1', victim)).toMatchObject({ messages: [{ messageId: '0' }] });
    for (const page of await Promise.all(attacks)) {
      expect(page.messages).toEqual([]);
      expect(await positionOf(page)).toBeLessThanOrEqual(MESSAGES_MAX);
    }
    let at = 0;
    for (
      let page = await read('large', 'eventTypes=EXECUTION_ABORTED', attacker);
      page.nextToken !== undefined;
    ) {
      const next = await positionOf(page);
      expect(next).toBeGreaterThan(at);
      expect(next - at).toBeLessThanOrEqual(MESSAGES_MAX);
      at = next;
      page = await read('large', `eventTypes=EXECUTION_ABORTED&nextToken=${page.nextToken}`, attacker);
    }
    expect(LENGTH - at).toBeLessThanOrEqual(MESSAGES_MAX);
  });

  test('yields each matching message exactly once', async () => {
    const ids: string[] = [];
    for (let token = ''; ;) {
      const page = await read('large', `eventTypes=STEP_STARTED,EXECUTION_SUCCEEDED${token}`, attacker);
      ids.push(...page.messages.map(({ messageId }) => messageId));
      if (page.nextToken === undefined) break;
      token = `&nextToken=${page.nextToken}`;
    }
    expect(ids).toEqual(Array.from({ length: LENGTH }, (__, position) => String(position)));
  });

  test('is scanned from its end in bounded requests whose answers are marked `partial`', async () => {
    const page = await read('large', 'last=5&eventTypes=EXECUTION_ABORTED', attacker);
    expect(page).toMatchObject({ messages: [], partial: true });
    expect(await read('large', 'last=5', attacker)).not.toHaveProperty('partial');
  });
});

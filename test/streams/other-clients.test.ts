/**
 * Unmodified third-party clients of event streams and OpenAPI. Each follows a running execution to its end,
 * gets every message exactly once, and resumes after the service is killed. All run at the same time. Clients
 * in browsers are tested in browser-clients.test.ts, EventSource and the examples in real-clients.test.ts.
 */
import { join } from 'node:path';
import { EventSource } from 'launchdarkly-eventsource';
import SwaggerClient from 'swagger-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { eventually } from '../support/eventually.ts';
import { messagesUrl } from '../deno/deno-process.ts';
import { PYTHON, hasPythonModule } from '../support/installed.ts';
import { HELD_AT, heldFlow, type HeldFlow } from './live-flow.ts';
import { Programs } from './programs.ts';
import { RUNTIMES, type RestartableService } from './restartable-service.ts';

/** An event as a client passes it to its user. */
interface Handed {
  readonly event: string;
  readonly data: string;
}

interface Following {
  readonly flow: HeldFlow;
  readonly handed: Handed[];
  /** Resolves when the client has stopped. */
  readonly stopped: Promise<unknown>;
}

type Client = (service: RestartableService, id: string, handed: Handed[]) => Promise<unknown>;

const programs = new Programs();

async function launchDarkly(
  { url, apiKey }: RestartableService,
  id: string,
  handed: Handed[],
): Promise<void> {
  const source = new EventSource(messagesUrl(url.href, id), {
    headers: { Authorization: `Bearer ${apiKey}` },
  });
  for (const event of ['message', 'caught-up', 'heartbeat', 'problem', 'reset', 'end']) {
    source.addEventListener(event, ({ data }) => handed.push({ event, data }));
  }
  // The client reports an error at every disconnect, and at 204 before it closes. Without a listener, the
  // error would end Node.
  source.addEventListener('error', () => undefined);
  await new Promise<void>((resolve) => source.addEventListener('closed', () => resolve()));
}

/**
 * Follows an execution in pages. swagger-client sends `Accept: application/json, text/event-stream`, because
 * the OpenAPI document has both types, but it can only read JSON.
 */
async function swagger({ url, apiKey }: RestartableService, id: string, handed: Handed[]): Promise<void> {
  const client = await SwaggerClient({ url: new URL('/openapi.json', url).href });
  const ask = (parameters: Record<string, unknown>) =>
    client.execute({
      operationId: 'listMessages',
      parameters: { flowExecutionId: id, ...parameters },
      securities: { authorized: { apiKey: { value: apiKey } } },
      requestInterceptor: (request) => {
        accepted.add(String(request.headers['accept'] ?? request.headers['Accept']));
        return request;
      },
    });
  for (let cursor: string | undefined; ;) {
    // Requests fail while the service is restarted, so they are retried.
    const { obj } = await eventually(() =>
      ask({ ...(cursor !== undefined && { cursor, waitTimeSeconds: 5 }) }),
    );
    // Safety: the answer is a page. Its content is compared below.
    const page = obj as { messages: unknown[]; cursor: string; status: string };
    handed.push(...page.messages.map((message) => ({ event: 'message', data: JSON.stringify(message) })));
    ({ cursor } = page);
    if (page.status !== 'RUNNING') return;
  }
}
const accepted = new Set<string>();

async function httpxSse({ url, apiKey }: RestartableService, id: string, handed: Handed[]): Promise<void> {
  const { output, exited } = programs.start(
    [PYTHON, join(import.meta.dirname, 'read_like_httpx_sse.py'), messagesUrl(url.href, id)],
    {
      env: { FLOWTAP_API_KEY: apiKey },
      onStdout: (text) => {
        const lines = text.split('\n').slice(handed.length, -1);
        // Safety: the program prints one event per line in this form.
        handed.push(...lines.map((line) => JSON.parse(line) as Handed));
      },
    },
  );
  if ((await exited) !== 0) throw new Error(output.stderr);
}

const clients: Record<string, Client> = {
  'launchdarkly-eventsource': launchDarkly,
  'swagger-client': swagger,
  ...(hasPythonModule(PYTHON, 'httpx') && { 'httpx with the rules of httpx-sse': httpxSse }),
};

describe.each(Object.entries(RUNTIMES))('on %s', (_runtime, start) => {
  let service: RestartableService;
  const followings = new Map<string, Following>();
  beforeAll(async () => {
    service = await start();
    for (const [name, follow] of Object.entries(clients)) {
      const flow = await heldFlow(service);
      const handed: Handed[] = [];
      const stopped = follow(service, flow.id, handed);
      stopped.catch(() => undefined);
      followings.set(name, { flow, handed, stopped });
    }
    await eventually(() => {
      for (const [name, { handed }] of followings) expect(idsOf(handed).length, name).toBe(HELD_AT);
    });
    await service.restart();
    for (const { flow } of followings.values()) await flow.release();
  });
  afterAll(async () => {
    programs.end();
    await service.close();
  });

  test.each(Object.keys(clients))(
    '%s gets every message exactly once even if the service is killed, and stops at the end',
    async (name) => {
      const following = followings.get(name);
      if (!following) throw new Error(`${name} was not started`);
      const { flow, handed, stopped } = following;
      await stopped;
      expect(idsOf(handed)).toEqual(flow.messageIds);
      expect(handed.filter(({ data }) => data === '')).toEqual([]);
      const others = handed.filter(({ event }) => !['message', 'caught-up', 'end'].includes(event));
      expect(others).toEqual([]);
      // At least one connection before the kill and one after.
      expect(service.answers(flow.id).filter((status) => status === 200).length).toBeGreaterThanOrEqual(2);
    },
  );

  test('launchdarkly-eventsource stops at 204', async () => {
    const following = followings.get('launchdarkly-eventsource');
    await following?.stopped;
    await eventually(() => expect(service.answers(following?.flow.id ?? '').at(-1)).toBe(204));
  });
});

const idsOf = (handed: readonly Handed[]): string[] =>
  handed
    .filter(({ event }) => event === 'message')
    // Safety: clients pass on the data that the service sent, which is a message.
    .map(({ data }) => (JSON.parse(data) as { messageId: string }).messageId);

test('swagger-client accepts both types in one header, and gets pages', () => {
  expect([...accepted]).toEqual(['application/json, text/event-stream']);
});

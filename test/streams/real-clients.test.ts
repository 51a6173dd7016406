/**
 * Clients that nobody here wrote, unchanged, over a real socket: npm `eventsource`, curl, Chromium's EventSource, and the
 * examples of this repository. They must come back with the last id, and stop at 204.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventSource } from 'eventsource';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';

import { PROJECT_ROOT } from '../../src/local/bundle.ts';
import { CHROMIUM, chromiumOptions, onPath } from '../support/installed.ts';
import { type World, openWorld } from './world.ts';

let world: World;
let apiKey: string;
const children: ChildProcess[] = [];
beforeAll(async () => {
  world = await openWorld();
  apiKey = await world.key();
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});
afterAll(() => world.close());

/** Ended and settled 7 s from now: what a client gets in the meantime is live. */
async function liveFlow(): Promise<{ id: string; messageIds: string[] }> {
  const id = `real:client/${randomUUID()}`;
  const nowSeconds = Date.now() / 1000;
  const messages = Array.from({ length: 12 }, (_, n) => ({
    messageId: `m${n}`,
    eventType: n === 11 ? 'EXECUTION_SUCCEEDED' : 'STEP_STARTED',
    payload: `ünîcode ${n}\n `,
    // Long ago, so that it settles as soon as its last message is seen.
    timestamp: nowSeconds - 3_600,
    afterMs: n < 4 ? 0 : n * 500,
  }));
  await world.script(id, messages, { afterMs: -60_000 });
  return { id, messageIds: messages.map(({ messageId }) => messageId) };
}

function start(program: string, args: readonly string[], environment: Record<string, string> = {}) {
  const child = spawn(program, args, {
    cwd: PROJECT_ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      FLOWTAP_URL: world.url.origin,
      FLOWTAP_API_KEY: apiKey,
      ...environment,
    },
  });
  children.push(child);
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (bytes: Buffer) => (output.stdout += bytes.toString()));
  child.stderr.on('data', (bytes: Buffer) => (output.stderr += bytes.toString()));
  const exited = once(child, 'close').then(([code]) => code as number | null);
  return { child, output, exited };
}

const idsIn = (text: string): string[] =>
  [...text.matchAll(/"messageId":\s*"([^"]+)"/g)].map(([, id]) => id ?? '');

/** How requests for this execution were answered, as the Worker's log has it. */
const answers = (id: string): number[] =>
  world.lines
    .filter((line) => line.includes('"event":"request"') && line.includes(id))
    .map((line) => (JSON.parse(line) as { status: number }).status);

test('npm eventsource follows to the end through a killed workerd, resumes, and is stopped by 204', async () => {
  const { id, messageIds } = await liveFlow();
  const seen: string[] = [];
  const events: string[] = [];
  const lastEventIds: (string | null)[] = [];
  const source = new EventSource(world.messagesUrl(id), {
    fetch: (url, init) => {
      const headers = new Headers(init.headers);
      lastEventIds.push(headers.get('last-event-id'));
      headers.set('authorization', `Bearer ${apiKey}`);
      return fetch(url, { ...init, headers });
    },
  });
  try {
    source.addEventListener('message', ({ data }) =>
      seen.push((JSON.parse(String(data)) as { messageId: string }).messageId),
    );
    for (const name of ['caught-up', 'end', 'reset']) source.addEventListener(name, () => events.push(name));
    await vi.waitFor(() => expect(seen.length).toBeGreaterThan(4), { timeout: 10_000 });
    await world.workerd.restart();
    await vi.waitFor(() => expect(source.readyState).toBe(EventSource.CLOSED), { timeout: 25_000 });
  } finally {
    source.close();
  }
  expect(seen).toEqual(messageIds);
  expect(events.filter((name) => name !== 'caught-up')).toEqual(['end']);
  expect(lastEventIds[0]).toBeNull();
  expect(lastEventIds.slice(1).every((value) => value?.length === 40)).toBe(true);
  expect(answers(id).at(-1)).toBe(204);
});

test.runIf(onPath('curl'))(
  'curl -N shows each event as it comes, and ends when the server does',
  async () => {
    const { id, messageIds } = await liveFlow();
    const { output, exited } = start('curl', [
      '-sSN',
      '-H',
      'Accept: text/event-stream',
      '-H',
      `Authorization: Bearer ${apiKey}`,
      world.messagesUrl(id),
    ]);
    await vi.waitFor(() => expect(output.stdout).toContain('event: caught-up'), { timeout: 5_000 });
    // While it runs, and not all at once when it is over.
    expect(idsIn(output.stdout)).toEqual(messageIds.slice(0, 4));
    expect(await exited).toBe(0);
    expect(idsIn(output.stdout)).toEqual(messageIds);
    expect(output.stdout).toMatch(/\nevent: end\ndata: \{"status":"SUCCEEDED"\}\n\n$/);
  },
);

test.runIf(onPath('python3'))(
  'examples/follow.py, the standard library alone, resumes through a killed workerd and ends at 204',
  async () => {
    const { id, messageIds } = await liveFlow();
    const { output, exited } = start('python3', ['examples/follow.py', id]);
    await vi.waitFor(() => expect(idsIn(output.stdout).length).toBeGreaterThan(4), { timeout: 10_000 });
    await world.workerd.restart();
    expect(await exited, output.stderr).toBe(0);
    expect(idsIn(output.stdout)).toEqual(messageIds);
    expect(output.stderr).toContain('Ended: SUCCEEDED');
    expect(answers(id).at(-1)).toBe(204);
  },
);

test.runIf(onPath('python3'))(
  'examples/follow.py says why it was refused, and does not come back',
  async () => {
    const { output, exited } = start('python3', ['examples/follow.py', 'x'], { FLOWTAP_API_KEY: 'ftk_no' });
    expect(await exited).toBe(1);
    expect(output.stderr).toContain('401: ');
  },
);

test('examples/follow-node.mjs resumes through a killed workerd, follows to the end and exits', async () => {
  const { id, messageIds } = await liveFlow();
  const { output, exited } = start(process.execPath, ['examples/follow-node.mjs', id]);
  await vi.waitFor(() => expect(idsIn(output.stdout).length).toBeGreaterThan(4), { timeout: 10_000 });
  await world.workerd.restart();
  expect(await exited, output.stderr).toBe(0);
  expect(idsIn(output.stdout)).toEqual(messageIds);
  expect(output.stderr).toBe('Ended: SUCCEEDED\n');
});

test.runIf(onPath('curl'))(
  'examples/follow.sh, curl alone, resumes through a killed workerd and ends',
  async () => {
    const { id, messageIds } = await liveFlow();
    const { output, exited } = start('sh', ['examples/follow.sh', id]);
    await vi.waitFor(() => expect(idsIn(output.stdout).length).toBeGreaterThan(4), { timeout: 10_000 });
    await world.workerd.restart();
    expect(await exited, output.stderr).toBe(0);
    expect(idsIn(output.stdout)).toEqual(messageIds);
  },
);

test.runIf(existsSync(CHROMIUM))(
  "Chromium's EventSource, with a ticket and from another origin, resumes with Last-Event-ID and stops at 204",
  { timeout: 60_000 },
  async () => {
    const { id, messageIds } = await liveFlow();
    const minted = await fetch(new URL(`/v1/executions/${encodeURIComponent(id)}/tickets`, world.url), {
      method: 'POST',
      headers: { authorization: `Bearer ${apiKey}` },
    });
    expect(minted.status).toBe(201);
    const { streamUrl } = (await minted.json()) as { streamUrl: string };
    // The example, on an origin of its own; what it has at the end comes back as a request.
    let report: (text: string) => void = () => undefined;
    const reported = new Promise<string>((resolve) => (report = resolve));
    const html = (await readFile(join(PROJECT_ROOT, 'examples/follow.html'), 'utf8')).replace(
      '</html>',
      `<script>
        const looking = setInterval(() => {
          if (!ended || source.readyState !== EventSource.CLOSED) return;
          clearInterval(looking);
          const items = [...document.querySelectorAll('li')].map((item) => item.textContent);
          void fetch('/report', { method: 'POST', body: JSON.stringify({ items, state: state.textContent }) });
        }, 50);
      </script></html>`,
    );
    const server = createServer((request, response) => {
      if (request.url !== '/report') {
        response.setHeader('content-type', 'text/html; charset=utf-8').end(html);
        return;
      }
      let body = '';
      request.on('data', (bytes: Buffer) => (body += bytes.toString()));
      request.on('end', () => {
        response.end();
        report(body);
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    // Safety: it listens on TCP.
    const { port } = server.address() as AddressInfo;
    const profile = await mkdtemp(join(tmpdir(), 'flowtap-chromium-'));
    const { child, exited } = start(CHROMIUM, [
      ...chromiumOptions(profile),
      `http://127.0.0.1:${port}/#${streamUrl}`,
    ]);
    try {
      await vi.waitFor(() => expect(answers(id)).toContain(200), { timeout: 20_000 });
      await world.workerd.restart();
      const { items, state } = JSON.parse(await reported) as { items: string[]; state: string };
      expect(items.map((text) => /ünîcode (\d+)/.exec(text)?.[1])).toEqual(
        messageIds.map((messageId) => messageId.slice(1)),
      );
      expect(state).toBe('Ended: SUCCEEDED');
      // 201: the ticket.
      expect(
        answers(id)
          .filter((status) => status !== 201)
          .at(-1),
      ).toBe(204);
      expect(answers(id).filter((status) => status === 200).length).toBeGreaterThanOrEqual(2);
    } finally {
      child.kill('SIGKILL');
      await exited;
      server.close();
      server.closeAllConnections();
      await rm(profile, { recursive: true, force: true });
    }
  },
);

/**
 * Unmodified clients over real sockets: npm `eventsource`, curl, Chromium's EventSource, and the examples of
 * this repository. All except curl must resume after workerd is killed.
 */
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventSource } from 'eventsource';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import { PROJECT_ROOT } from '../../src/local/bundle.ts';
import { CHROMIUM, PYTHON, chromiumOptions, hasPythonModule, onPath } from '../support/installed.ts';
import { answers, idsIn, liveFlow } from './live-flow.ts';
import { Programs } from './programs.ts';
import { type World, openWorld } from '../support/on-workerd.ts';
import { eventually } from '../support/eventually.ts';

let world: World;
let apiKey: string;
const programs = new Programs();
beforeAll(async () => {
  world = await openWorld();
  apiKey = await world.key();
});
afterEach(() => programs.end());
afterAll(() => world.close());

const start = (program: string, args: readonly string[], environment: Record<string, string> = {}) =>
  programs.start([program, ...args], {
    env: { FLOWTAP_URL: world.url.origin, FLOWTAP_API_KEY: apiKey, ...environment },
  });

test('npm eventsource resumes after workerd is killed, follows to the end, and stops at 204', async () => {
  const { id, messageIds } = await liveFlow(world);
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
    await eventually(() => expect(seen.length).toBeGreaterThan(4));
    await world.workerd.restart();
    await eventually(() => expect(source.readyState).toBe(EventSource.CLOSED));
  } finally {
    source.close();
  }
  expect(seen).toEqual(messageIds);
  expect(events.filter((name) => name !== 'caught-up')).toEqual(['end']);
  expect(lastEventIds[0]).toBeNull();
  expect(lastEventIds.slice(1).every((value) => value?.length === 40)).toBe(true);
  expect(answers(world.lines, id).at(-1)).toBe(204);
});

test.runIf(onPath('curl'))(
  'curl -N shows each event when it is sent, and ends when the server closes the stream',
  async () => {
    const { id, messageIds } = await liveFlow(world);
    const { output, exited } = start('curl', [
      '-sSN',
      '-H',
      'Accept: text/event-stream',
      '-H',
      `Authorization: Bearer ${apiKey}`,
      world.messagesUrl(id),
    ]);
    await eventually(() => expect(output.stdout).toContain('event: caught-up'));
    // The first events are shown while the execution still runs.
    expect(idsIn(output.stdout)).toEqual(messageIds.slice(0, 4));
    expect(await exited).toBe(0);
    expect(idsIn(output.stdout)).toEqual(messageIds);
    expect(output.stdout).toMatch(/\nevent: end\ndata: \{"status":"SUCCEEDED"\}\n\n$/);
  },
);

const PYTHON_EXAMPLES = [
  { file: 'follow.py', python: 'python3', isHere: onPath('python3') },
  { file: 'follow_httpx.py', python: PYTHON, isHere: hasPythonModule(PYTHON, 'httpx') },
  { file: 'follow_requests.py', python: PYTHON, isHere: hasPythonModule(PYTHON, 'requests') },
];
describe.each(PYTHON_EXAMPLES)('examples/$file', ({ file, python, isHere }) => {
  test.runIf(isHere)('resumes after workerd is killed, follows to the end, and exits', async () => {
    const { id, messageIds } = await liveFlow(world);
    const { output, exited } = start(python, [`examples/${file}`, id]);
    await eventually(() => expect(idsIn(output.stdout).length).toBeGreaterThan(4));
    await world.workerd.restart();
    expect(await exited, output.stderr).toBe(0);
    expect(idsIn(output.stdout)).toEqual(messageIds);
    expect(output.stderr).toContain('Ended: SUCCEEDED');
  });
});

test.runIf(onPath('python3'))(
  'examples/follow.py prints why it is refused, and does not reconnect',
  async () => {
    const { output, exited } = start('python3', ['examples/follow.py', 'x'], { FLOWTAP_API_KEY: 'ftk_no' });
    expect(await exited).toBe(1);
    expect(output.stderr).toContain('401: ');
  },
);

test('examples/follow-node.mjs resumes after workerd is killed, follows to the end, and exits', async () => {
  const { id, messageIds } = await liveFlow(world);
  const { output, exited } = start(process.execPath, ['examples/follow-node.mjs', id]);
  await eventually(() => expect(idsIn(output.stdout).length).toBeGreaterThan(4));
  await world.workerd.restart();
  expect(await exited, output.stderr).toBe(0);
  expect(idsIn(output.stdout)).toEqual(messageIds);
  expect(output.stderr).toMatch(/^(?:No answer from .* Trying again\.\n)?Ended: SUCCEEDED\n$/);
});

test.runIf(onPath('curl'))(
  'examples/follow.sh, which uses only curl, resumes after workerd is killed, and exits at the end',
  async () => {
    const { id, messageIds } = await liveFlow(world);
    const { output, exited } = start('sh', ['examples/follow.sh', id]);
    await eventually(() => expect(idsIn(output.stdout).length).toBeGreaterThan(4));
    await world.workerd.restart();
    expect(await exited, output.stderr).toBe(0);
    expect(idsIn(output.stdout)).toEqual(messageIds);
  },
);

test.runIf(existsSync(CHROMIUM))(
  "Chromium's EventSource, with a ticket and from another origin, resumes with Last-Event-ID and stops at 204",
  async () => {
    const { id, messageIds } = await liveFlow(world);
    const created = await fetch(new URL(`/v1/executions/${encodeURIComponent(id)}/tickets`, world.url), {
      method: 'POST',
      headers: { authorization: `Bearer ${apiKey}` },
    });
    expect(created.status).toBe(201);
    const { streamUrl } = (await created.json()) as { streamUrl: string };
    // Serves the example page from another origin, with a script that reports the messages it shows.
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
    // Safety: the server listens on TCP.
    const { port } = server.address() as AddressInfo;
    const profile = await mkdtemp(join(tmpdir(), 'flowtap-chromium-'));
    const { kill, exited } = start(CHROMIUM, [
      ...chromiumOptions(profile),
      `http://127.0.0.1:${port}/#${streamUrl}`,
    ]);
    try {
      await eventually(() => expect(answers(world.lines, id)).toContain(200));
      await world.workerd.restart();
      const { items, state } = JSON.parse(await reported) as { items: string[]; state: string };
      expect(items.map((text) => /ünîcode (\d+)/.exec(text)?.[1])).toEqual(
        messageIds.map((messageId) => messageId.slice(1)),
      );
      expect(state).toBe('Ended: SUCCEEDED');
      // The 201 is the answer to the request for the ticket.
      expect(
        answers(world.lines, id)
          .filter((status) => status !== 201)
          .at(-1),
      ).toBe(204);
      expect(answers(world.lines, id).filter((status) => status === 200).length).toBeGreaterThanOrEqual(2);
    } finally {
      kill();
      await exited;
      server.close();
      server.closeAllConnections();
      await rm(profile, { recursive: true, force: true });
    }
  },
);

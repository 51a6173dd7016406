/** Runs examples/follow.html in Chromium against a server that cuts connections at every possible point. */
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { PROJECT_ROOT } from '../../src/local/bundle.ts';
import { CHROMIUM, chromiumOptions } from '../support/installed.ts';
import {
  CUTS,
  type Cut,
  PAYLOADS,
  PROBLEM_WITH_RETRY,
  REFUSED,
  RETRY_MS,
  SILENCE,
  startCuttingServer,
} from './cutting-server.ts';
import { Programs } from './programs.ts';
import { replaced } from './replaced.ts';
import { eventually } from '../support/eventually.ts';

const meets = new Map<string, readonly Cut[]>();
let server: Awaited<ReturnType<typeof startCuttingServer>>;
const programs = new Programs();
beforeAll(async () => {
  server = await startCuttingServer((id) => meets.get(id) ?? []);
});
afterAll(() => {
  server.close();
  programs.end();
});

/** What the example page in a frame shows when it has stopped. A script in the frame reports this. */
interface Shown {
  readonly name: string;
  readonly items: readonly string[];
  readonly state: string;
}

test.runIf(existsSync(CHROMIUM))(
  'examples/follow.html gets every message exactly once, waits for `retry:`, and stops at the end or a refusal',
  async () => {
    const html = readFileSync(join(PROJECT_ROOT, 'examples/follow.html'), 'utf8');
    const report = `<script>
      const looking = setInterval(() => {
        if (source.readyState !== EventSource.CLOSED || !/^Ended|^Refused/.test(state.textContent)) return;
        clearInterval(looking);
        const items = [...document.querySelectorAll('li')].map((item) => item.textContent.split(' ').slice(2).join(' '));
        const name = new URLSearchParams(location.search).get('name');
        void fetch('/report', { method: 'POST', body: JSON.stringify({ name, items, state: state.textContent }) });
      }, 20);
    </script></html>`;
    const hurried = replaced(replaced(html, 'PAUSE_MS = 5_000', 'PAUSE_MS = 5'), '</html>', report);
    const impatient = replaced(hurried, 'SILENCE_MS_MAX = 45_000', 'SILENCE_MS_MAX = 1_000');
    const rows: Record<string, readonly Cut[]> = {
      ...CUTS,
      retry: [PROBLEM_WITH_RETRY],
      401: [REFUSED],
      silence: [SILENCE],
    };
    const frames = Object.entries(rows).map(([name, cuts]) => {
      const id = `follow.html:${name}`;
      meets.set(id, cuts);
      const streamUrl = `${server.url}/v1/executions/${encodeURIComponent(id)}/messages?ticket=any`;
      return `<iframe src="/frame?name=${encodeURIComponent(name)}#${streamUrl}"></iframe>`;
    });
    const reports = new Map<string, Shown>();
    const pages = createServer((request, response) => {
      if (request.url === '/report') {
        let body = '';
        request.setEncoding('utf8').on('data', (text: string) => (body += text));
        request.on('end', () => {
          // Safety: only the script above sends reports.
          const shown = JSON.parse(body) as Shown;
          reports.set(shown.name, shown);
          response.end();
        });
        return;
      }
      response.setHeader('content-type', 'text/html; charset=utf-8');
      if (request.url === '/') response.end(frames.join(''));
      else response.end(request.url?.endsWith('silence') === true ? impatient : hurried);
    }).listen(0, '127.0.0.1');
    await once(pages, 'listening');
    // Safety: the server listens on TCP.
    const { port } = pages.address() as AddressInfo;
    const profile = await mkdtemp(join(tmpdir(), 'flowtap-chromium-'));
    const browser = programs.start([CHROMIUM, ...chromiumOptions(profile), `http://127.0.0.1:${port}/`]);
    try {
      await eventually(() => expect([...reports.keys()].toSorted()).toEqual(Object.keys(rows).toSorted()));
    } finally {
      browser.kill();
      await browser.exited;
      pages.close();
      pages.closeAllConnections();
      await rm(profile, { recursive: true, force: true });
    }
    for (const name of Object.keys(rows)) {
      const isRefused = name === '401';
      expect(reports.get(name)).toEqual({
        name,
        items: isRefused ? PAYLOADS.slice(0, 1) : PAYLOADS,
        state: isRefused ? 'Refused: 401' : 'Ended: SUCCEEDED',
      });
    }
    const [, second, third] = server.asked('follow.html:retry');
    expect((third?.atMs ?? 0) - (second?.atMs ?? 0)).toBeGreaterThanOrEqual(RETRY_MS);
    expect(server.asked('follow.html:401')).toHaveLength(2);
  },
);

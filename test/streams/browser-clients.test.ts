/**
 * Unmodified third-party event stream clients in Chromium. Their page has another origin, and they send an
 * API key in a header, so the browser sends a preflight first. Each client follows a running execution to its
 * end, gets every message exactly once, and resumes after the service is killed.
 */
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { PROJECT_ROOT } from '../../src/local/bundle.ts';
import { messagesUrl } from '../deno/deno-process.ts';
import { eventually } from '../support/eventually.ts';
import { CHROMIUM, chromiumOptions } from '../support/installed.ts';
import { HELD_AT, heldFlow, type HeldFlow } from './live-flow.ts';
import { Programs } from './programs.ts';
import { RUNTIMES, type RestartableService } from './restartable-service.ts';

/** What a client has received so far. The page sends this report after every event. */
interface Report {
  readonly client: string;
  /** The name and data of each event, as the client passed them to its user. */
  readonly handed: readonly (readonly [string, string])[];
  readonly isStopped: boolean;
  readonly trouble: readonly string[];
}

/**
 * Runs both clients in the page. Each stops as its documentation shows: the first at `end`, the second by
 * itself at 204.
 */
const PAGE_SCRIPT = `
import { fetchEventSource } from '@microsoft/fetch-event-source';
import { EventSourcePolyfill } from 'event-source-polyfill';

const { apiKey, urls } = SETUP;
const headers = { Authorization: 'Bearer ' + apiKey };
const NAMES = ['message', 'caught-up', 'heartbeat', 'problem', 'reset', 'end'];

function reporter(client) {
  const state = { client, handed: [], isStopped: false, trouble: [] };
  return {
    state,
    send: () => fetch('/report', { method: 'POST', body: JSON.stringify(state) }),
  };
}

{
  const { state, send } = reporter('@microsoft/fetch-event-source');
  const stop = new AbortController();
  fetchEventSource(urls[state.client], {
    headers,
    openWhenHidden: true,
    signal: stop.signal,
    onmessage({ event, data }) {
      // Parses every message as users do. Without data, JSON.parse would throw and the client would reconnect.
      if (event === '') JSON.parse(data);
      state.handed.push([event || 'message', data]);
      if (event === 'end') stop.abort();
      send();
    },
    onclose() {
      // fetchEventSource reconnects after a close only if this throws.
      throw new Error('closed');
    },
    onerror(error) {
      if (error instanceof SyntaxError) state.trouble.push(String(error));
    },
  }).finally(() => {
    state.isStopped = true;
    send();
  });
}

{
  const { state, send } = reporter('event-source-polyfill');
  const source = new EventSourcePolyfill(urls[state.client], { headers });
  for (const name of NAMES) {
    source.addEventListener(name, ({ data }) => {
      state.handed.push([name, data]);
      send();
    });
  }
  source.addEventListener('error', () => {
    state.isStopped = source.readyState === 2;
    send();
  });
}
`;
const CLIENTS = ['@microsoft/fetch-event-source', 'event-source-polyfill'];

describe.runIf(existsSync(CHROMIUM)).each(Object.entries(RUNTIMES))(
  'in Chromium, on %s',
  (_runtime, start) => {
    let service: RestartableService;
    let pages: Server;
    let profile: string;
    const flows = new Map<string, HeldFlow>();
    const reports = new Map<string, Report>();
    const programs = new Programs();

    beforeAll(async () => {
      service = await start();
      const bundle = await build({
        stdin: { contents: PAGE_SCRIPT, resolveDir: PROJECT_ROOT },
        bundle: true,
        write: false,
        format: 'iife',
      });
      for (const client of CLIENTS) flows.set(client, await heldFlow(service));
      const urls = Object.fromEntries(
        [...flows].map(([client, { id }]) => [client, messagesUrl(service.url.href, id)]),
      );
      const script = `const SETUP = ${JSON.stringify({ apiKey: service.apiKey, urls })};\n${bundle.outputFiles[0]?.text}`;
      pages = createServer((request, response) => {
        if (request.url === '/script.js') {
          response.setHeader('content-type', 'text/javascript').end(script);
          return;
        }
        if (request.method !== 'POST') {
          response.setHeader('content-type', 'text/html; charset=utf-8');
          response.end('<!doctype html><meta charset="utf-8"><script src="/script.js"></script>');
          return;
        }
        let body = '';
        request.setEncoding('utf8').on('data', (text: string) => (body += text));
        request.on('end', () => {
          response.end();
          // Safety: only the script above sends reports.
          const report = JSON.parse(body) as Report;
          const before = reports.get(report.client);
          // Reports are sent concurrently, so an older one might arrive later. Ignore it.
          if (report.isStopped || (before?.handed.length ?? 0) <= report.handed.length)
            reports.set(report.client, report);
        });
      }).listen(0, '127.0.0.1');
      await once(pages, 'listening');
      // Safety: the server listens on TCP.
      const { port } = pages.address() as AddressInfo;
      profile = await mkdtemp(join(tmpdir(), 'flowtap-chromium-'));
      programs.start([CHROMIUM, ...chromiumOptions(profile), `http://127.0.0.1:${port}/`]);
      await eventually(() => {
        for (const client of CLIENTS) expect(idsOf(reports.get(client)).length, client).toBe(HELD_AT);
      });
      await service.restart();
      for (const { release } of flows.values()) await release();
    });
    afterAll(async () => {
      programs.end();
      pages.close();
      pages.closeAllConnections();
      await service.close();
      await rm(profile, { recursive: true, force: true });
    });

    test.each(CLIENTS)(
      '%s gets every message exactly once even if the service is killed, and then stops',
      async (client) => {
        await eventually(() => expect(reports.get(client)?.isStopped).toBe(true));
        const { id = '', messageIds } = flows.get(client) ?? {};
        const report = reports.get(client);
        expect(idsOf(report)).toEqual(messageIds);
        expect(report?.trouble).toEqual([]);
        expect(report?.handed.filter(([, data]) => data === '')).toEqual([]);
        expect(report?.handed.at(-1)).toEqual(['end', '{"status":"SUCCEEDED"}']);
        // At least one connection before the kill and one after.
        expect(service.answers(id).filter((status) => status === 200).length).toBeGreaterThanOrEqual(2);
      },
    );
  },
);

const idsOf = (report: Report | undefined): string[] =>
  (report?.handed ?? [])
    .filter(([event]) => event === 'message')
    // Safety: clients pass on the data that the service sent, which is a message.
    .map(([, data]) => (JSON.parse(data) as { messageId: string }).messageId);

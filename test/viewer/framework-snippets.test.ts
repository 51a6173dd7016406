/** The unchanged components of docs/embed.md for React, Vue and Svelte, in Chromium on a partner's page. */
import { once } from 'node:events';
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { hasChromium, launchChromium, openPage } from '../support/chromium.ts';
import { type World, openWorld } from '../support/on-workerd.ts';
import { FRAMEWORKS, scriptOfGuide } from './component-of-guide.ts';

const ID = 'order-4711';

describe.runIf(hasChromium())('the component in docs/embed.md', () => {
  let world: World;
  let browser: Browser;
  let partner: Server;
  let origin: string;
  const scripts = new Map<string, string>();

  beforeAll(async () => {
    [world, browser] = await Promise.all([openWorld(), launchChromium()]);
    const apiKey = await world.key({ tickets: true });
    await world.script(ID, [
      { messageId: '0', eventType: 'EXECUTION_STARTED' },
      { messageId: '1', eventType: 'STEP_STARTED', payload: '{stepId: Pack}' },
      { messageId: '2', eventType: 'STEP_SUCCEEDED', payload: '{stepId: Pack}' },
      { messageId: '3', eventType: 'EXECUTION_SUCCEEDED' },
    ]);
    const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
      const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
      if (pathname === '/ticket') {
        const id = encodeURIComponent(searchParams.get('id') ?? '');
        const ticket = await world.fetch(`/v1/executions/${id}/tickets`, {
          method: 'POST',
          headers: { Authorization: `Bearer ${apiKey}` },
        });
        response.writeHead(ticket.status, { 'Content-Type': 'application/json' });
        response.end(await ticket.text());
        return;
      }
      const script = scripts.get(pathname);
      response.setHeader('Content-Type', script === undefined ? 'text/html' : 'text/javascript');
      response.end(script ?? pageWith(new URL('/embed/v1.js', world.url).href, `${pathname}.js`));
    };
    partner = createServer((request, response) => void answer(request, response)).listen(0, '127.0.0.1');
    await once(partner, 'listening');
    // Safety: the server listens on TCP.
    origin = `http://127.0.0.1:${(partner.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    await browser?.close();
    partner?.closeAllConnections();
    partner?.close();
    await world?.close();
  });

  test.each(FRAMEWORKS)('for %s shows the execution and its final status', async (framework) => {
    scripts.set(`/${framework}.js`, await scriptOfGuide(framework, ID));
    const { page, problems } = await openPage(browser);
    const logged: string[] = [];
    page.on('console', (message) => logged.push(message.text()));
    await page.goto(`${origin}/${framework}`);
    if (framework === 'React') {
      await page.getByText('SUCCEEDED: Pack, 4 messages').waitFor();
    } else {
      await page.locator('flowtap-execution .step').getByText('Pack').waitFor();
      await expect.poll(() => logged).toEqual(['SUCCEEDED']);
    }
    expect(problems).toEqual([]);
  });
});

const pageWith = (embed: string, script: string): string => `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><link rel="icon" href="data:,"><title>Order</title>
<script type="module" src="${embed}"></script></head>
<body><main></main><script type="module" src="${script}"></script></body>
</html>
`;

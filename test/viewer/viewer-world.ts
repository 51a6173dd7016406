/**
 * A partner's page that embeds the element. Its origin differs from the service's. It has a strict
 * Content-Security-Policy and a ticket endpoint. The service runs in workerd with the emulator, and the page in
 * Debian's Chromium.
 */
import { once } from 'node:events';
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';

import { browserModule } from '../../src/site/browser-module.ts';
import { scenarioArn } from '../../src/emulator/scenarios/step-functions-catalog.ts';
import { launchChromium } from '../support/chromium.ts';
import { type World, openWorld } from '../support/on-workerd.ts';
import type { EventScript } from './event-script.ts';
import { orderFlow } from './order-flow.ts';
import { untilPhase } from './viewer-page.ts';

let scripted = 0;

export interface OpenOptions extends BrowserContextOptions {
  /** The id of a message to open. */
  readonly message?: string;
  /** The URL of the service. Default: the service in workerd. */
  readonly service?: string;
  /** How far the page's clock is ahead of the service's. Default: 0. */
  readonly clockAheadMs?: number;
}

export class ViewerWorld {
  readonly world: World;
  readonly browser: Browser;
  readonly pageUrl: string;
  /**
   * The answers of the ticket endpoint, by execution id. For other ids, the endpoint creates a ticket for ten
   * minutes.
   */
  readonly ticketAnswers = new Map<string, () => Promise<Response>>();
  /** The number of requests to the ticket endpoint. */
  ticketsAsked = 0;
  readonly #server: Server;
  readonly #key: string;

  constructor(world: World, browser: Browser, server: Server, key: string) {
    this.world = world;
    this.browser = browser;
    this.#server = server;
    this.#key = key;
    // Safety: the server listens on TCP.
    const { port } = server.address() as AddressInfo;
    this.pageUrl = `http://127.0.0.1:${port}`;
    server.on('request', (request, response) => void this.#answer(request, response));
  }

  /** Scripts at the emulator an execution that began `agoMs` ago. Returns its ARN. */
  async order(script: EventScript, agoMs: number, untilMs?: number): Promise<string> {
    const startMs = Date.now() - agoMs;
    const arn = scenarioArn('LambdaCalls', startMs, `viewer-${++scripted}`).replace(
      'LambdaCalls',
      'OrderFlow',
    );
    await this.world.control('/executions', {
      executionArn: arn,
      events: script.events(startMs, untilMs),
      visibleAt: startMs,
    });
    return arn;
  }

  /** Scripts two executions that began an hour ago and have ended: one failed, one succeeded after retries. */
  async endedOrders(): Promise<{ readonly failed: string; readonly succeeded: string }> {
    const agoMs = 3_600_000;
    return {
      failed: await this.order(orderFlow('fails'), agoMs),
      succeeded: await this.order(orderFlow('succeeds'), agoMs),
    };
  }

  /** Requests a ticket from the service. Returns its answer. */
  async ticket(executionId: string, wish: Readonly<Record<string, unknown>> = {}): Promise<Response> {
    return this.world.fetch(`/v1/executions/${encodeURIComponent(executionId)}/tickets`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${this.#key}`, 'Content-Type': 'application/json' },
      body: JSON.stringify(wish),
    });
  }

  /** Opens the partner's page with these executions. */
  async open(ids: readonly string[], options: OpenOptions = {}): Promise<Page> {
    const { message, service = this.world.url.href, clockAheadMs = 0, ...contextOptions } = options;
    const context = await this.browser.newContext({
      viewport: { width: 1280, height: 900 },
      ...contextOptions,
    });
    if (clockAheadMs !== 0) {
      await context.addInitScript((aheadMs) => {
        const now = Date.now;
        Date.now = () => now() + aheadMs;
      }, clockAheadMs);
    }
    const page = await context.newPage();
    const address = new URL(this.pageUrl);
    for (const id of ids) address.searchParams.append('execution', id);
    address.searchParams.set('service', service);
    if (message !== undefined) address.searchParams.set('message', message);
    await page.goto(address.href);
    return page;
  }

  /** Opens the partner's page with an execution that has ended, and waits until all of it is shown. */
  async openEnded(id: string, options?: OpenOptions): Promise<Page> {
    const page = await this.open([id], options);
    await untilPhase(page, 'ended');
    return page;
  }

  async close(): Promise<void> {
    await this.browser.close();
    this.#server.closeAllConnections();
    this.#server.close();
    await this.world.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.pageUrl);
    const ids = url.searchParams.getAll('execution');
    if (url.pathname === '/embed/v1.js') {
      response.setHeader('Content-Type', 'text/javascript');
      response.end(await embedScript());
      return;
    }
    if (url.pathname === '/ticket') {
      this.ticketsAsked++;
      const id = ids[0] ?? '';
      const answer = await (this.ticketAnswers.get(id) ?? (() => this.ticket(id)))();
      response.statusCode = answer.status;
      response.setHeader('Content-Type', 'application/json');
      response.end(await answer.text());
      return;
    }
    const service = url.searchParams.get('service') ?? '';
    response.setHeader('Content-Type', 'text/html; charset=utf-8');
    response.setHeader('Content-Security-Policy', policyFor(new URL(service).origin));
    response.end(partnerPage(ids, service, url.searchParams.get('message')));
  }
}

let embed: Promise<string> | undefined;
const embedScript = (): Promise<string> => (embed ??= browserModule('src/viewer/embed.ts'));

/** The strictest policy for a page that loads one module and reads from one service. */
const policyFor = (service: string): string =>
  `default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' ${service}; img-src data:; base-uri 'none'; form-action 'none'`;

const partnerPage = (
  ids: readonly string[],
  service: string,
  message: string | null,
): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>Partner</title>
<script type="module" src="/embed/v1.js"></script>
</head>
<body>
<main>
<h1>Your order</h1>
${ids.map((id) => `<flowtap-execution service="${service}" ticket-url="/ticket?execution=${encodeURIComponent(id)}"${message === null ? '' : ` message="${message}"`}></flowtap-execution>`).join('\n')}
</main>
</body>
</html>
`;

export async function openViewerWorld(): Promise<ViewerWorld> {
  const world = await openWorld();
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  return new ViewerWorld(world, await launchChromium(), server, await world.key({ tickets: true }));
}

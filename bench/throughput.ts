/** How many pages a second one workerd on this machine gives, to 32 clients that ask again as soon as they are answered. */
import { Agent, request } from 'node:http';

import type { World } from '../test/support/on-workerd.ts';

export interface ThroughputResult {
  readonly name: string;
  readonly pagesPerSecond: number;
  /** Milliseconds, ascending. */
  readonly latenciesMs: readonly number[];
}

const CLIENTS = 32;
const WARM_UP_MS = 2_000;
const MEASURE_MS = 8_000;
const MESSAGES = 1_000;

export async function settledPages(service: World): Promise<ThroughputResult> {
  const id = 'pages-settled';
  await service.script(id, history('EXECUTION_SUCCEEDED', -60_000), { afterMs: -60_000 });
  return measure(service, id, 'pages of 100, settled (archive)');
}

export async function runningPages(service: World): Promise<ThroughputResult> {
  const id = 'pages-running';
  await service.script(id, history('STEP_SUCCEEDED', -60_000), { afterMs: -60_000 });
  return measure(service, id, 'pages of 100, running (Durable Object)');
}

const history = (last: string, afterMs: number) =>
  Array.from({ length: MESSAGES }, (_, n) => ({
    messageId: `m${n}`,
    eventType: n === MESSAGES - 1 ? last : 'STEP_STARTED',
    payload: 'x'.repeat(300),
    afterMs,
  }));

async function measure(service: World, id: string, name: string): Promise<ThroughputResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS });
  // A key may ask a thousand times in 10 s; what is measured here is not that.
  const keys = await Promise.all(Array.from({ length: 40 }, () => service.key()));
  let asked = 0;
  const page = (url: string) => getJson(agent, url, keys[asked++ % keys.length] ?? '');
  // All cursors first: then each client asks for any page.
  const cursors: string[] = [];
  for (let next: string | undefined = ''; next !== undefined;) {
    const { nextToken } = await page(service.messagesUrl(id, next && `nextToken=${next}`));
    if (nextToken !== undefined) cursors.push(nextToken);
    next = nextToken;
  }
  // Until what has ended is archived: no call upstream, no Execution.
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  const startMs = performance.now() + WARM_UP_MS;
  const latenciesMs: number[] = [];
  const client = async (n: number) => {
    for (let turn = n; performance.now() < startMs + MEASURE_MS; turn++) {
      const beganMs = performance.now();
      await page(service.messagesUrl(id, `nextToken=${cursors[turn % cursors.length]}`));
      if (beganMs >= startMs) latenciesMs.push(performance.now() - beganMs);
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, (_, n) => client(n)));
  agent.destroy();
  latenciesMs.sort((a, b) => a - b);
  return { name, pagesPerSecond: latenciesMs.length / (MEASURE_MS / 1000), latenciesMs };
}

function getJson(agent: Agent, url: string, key: string): Promise<{ nextToken?: string }> {
  return new Promise((resolve, reject) => {
    request(url, { agent, headers: { 'x-api-key': key } }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (bytes: Buffer) => parts.push(bytes));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(parts).toString();
        if (response.statusCode !== 200) reject(new Error(`${response.statusCode}: ${text}`));
        // Safety: the contract of a page.
        else resolve(JSON.parse(text) as { nextToken?: string });
      });
    })
      .on('error', reject)
      .end();
  });
}

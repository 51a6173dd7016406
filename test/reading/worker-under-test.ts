/** What tests of reading ask of the Worker over a socket, as a caller and as an operator. */
import { vi } from 'vitest';

import { BeforeEmulator, startBeforeEmulator } from '../support/on-workerd.ts';
import { ADMIN_TOKEN } from '../support/secret-patterns.ts';

export class WorkerUnderTest extends BeforeEmulator {
  fetch(path: string, init?: RequestInit): Promise<Response> {
    return fetch(new URL(path, this.url), init);
  }

  admin(method: string, path: string, init: RequestInit = {}): Promise<Response> {
    return this.fetch(`/v1/admin${path}`, {
      ...init,
      method,
      headers: { Authorization: `Bearer ${ADMIN_TOKEN}`, ...(init.headers as Record<string, string>) },
    });
  }

  /** Keys that may read everything, a thousand requests in 10 s each. */
  keys(count: number): Promise<string[]> {
    return Promise.all(Array.from({ length: count }, (_, index) => this.#key(`reader ${index}`)));
  }

  async #key(name: string): Promise<string> {
    const body = JSON.stringify({ name, executions: ['*'], payloads: 'full', tier: 'high' });
    const headers = { 'Content-Type': 'application/json' };
    const response = await this.admin('POST', '/keys', { body, headers });
    if (response.status !== 201) throw new Error(await response.text());
    // Safety: what creating a key answers.
    return ((await response.json()) as { key: string }).key;
  }
}

export const startWorker = (): Promise<WorkerUnderTest> => startBeforeEmulator(WorkerUnderTest);

export interface Page {
  readonly messages: readonly {
    readonly messageId?: string;
    readonly eventType?: string;
    readonly timestamp?: string;
    readonly payload?: string;
  }[];
  readonly nextToken?: string;
  readonly status?: string;
}

export const messagesPath = (id: string, query = ''): string =>
  `/v1/executions/${encodeURIComponent(id)}/messages${query === '' ? '' : `?${query}`}`;

/** Follows nextToken from the first page, each page of the next of these sizes. */
export async function readAll(
  worker: WorkerUnderTest,
  id: string,
  key: string,
  sizes: readonly number[] = [250],
): Promise<Page['messages'][number][]> {
  const messages: Page['messages'][number][] = [];
  let next: string | undefined;
  for (let page = 0; ; page++) {
    const query = `maxResults=${sizes[page % sizes.length]}${next === undefined ? '' : `&nextToken=${next}`}`;
    const response = await worker.fetch(messagesPath(id, query), { headers: { 'X-API-Key': key } });
    if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
    // Safety: the contract of a page.
    const read = (await response.json()) as Page;
    messages.push(...read.messages);
    if (read.nextToken === undefined) return messages;
    next = read.nextToken;
  }
}

/** Asks until it is so; fails after 20 s. */
export const until = (isSo: () => Promise<boolean>): Promise<boolean> =>
  vi.waitUntil(isSo, { timeout: 20_000, interval: 20 });

/** The ids in the archive, as an admin sees them. */
export async function archived(worker: WorkerUnderTest): Promise<string[]> {
  const response = await worker.admin('GET', '/executions?limit=1000');
  // Safety: the contract of the listing.
  const { executions } = (await response.json()) as { executions: { flowExecutionId: string }[] };
  return executions.map(({ flowExecutionId }) => flowExecutionId);
}

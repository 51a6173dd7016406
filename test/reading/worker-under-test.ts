/** The Worker as it would be deployed, on workerd, reading from the emulator: what tests over a socket start. */
import { startEmulatorServer, type EmulatorServer } from '../../src/emulator/node-server.ts';
import { type LocalWorkerd, startWorkerd } from '../../src/local/workerd.ts';

export const ADMIN_TOKEN = 'an admin token, of at least thirty-two characters';
const CREDENTIALS = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'the secret of the upstream' };

export interface WorkerUnderTest {
  readonly workerd: LocalWorkerd;
  readonly emulator: EmulatorServer;
  readonly log: string[];
  fetch(path: string, init?: RequestInit): Promise<Response>;
  admin(method: string, path: string, init?: RequestInit): Promise<Response>;
  /** Keys that may read everything, a thousand requests in 10 s each. */
  keys(count: number): Promise<string[]>;
  control(path: string, body: unknown): Promise<void>;
  /** Calls upstream about this execution. */
  calls(id: string): number;
  stop(): Promise<void>;
}

export async function startWorker(): Promise<WorkerUnderTest> {
  const emulator = await startEmulatorServer({ port: 0, credentials: CREDENTIALS });
  const log: string[] = [];
  const workerd = await startWorkerd({
    vars: {
      AWS_REGION: 'us-west-2',
      AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
      AWS_ENDPOINT_URL_IOTTHINGSGRAPH: emulator.url,
      SIGNING_SECRET: 'a signing secret of more than thirty-two characters',
      ADMIN_TOKEN,
    },
    onLog: (line) => log.push(line),
  });
  const send = (path: string, init?: RequestInit) => fetch(new URL(path, workerd.url), init);
  const admin = (method: string, path: string, init: RequestInit = {}) =>
    send(`/v1/admin${path}`, {
      ...init,
      method,
      headers: { Authorization: `Bearer ${ADMIN_TOKEN}`, ...(init.headers as Record<string, string>) },
    });
  const key = async (name: string): Promise<string> => {
    const body = JSON.stringify({ name, executions: ['*'], payloads: 'full', tier: 'high' });
    const response = await admin('POST', '/keys', { body, headers: { 'Content-Type': 'application/json' } });
    if (response.status !== 201) throw new Error(await response.text());
    // Safety: what creating a key answers.
    return ((await response.json()) as { key: string }).key;
  };
  return {
    workerd,
    emulator,
    log,
    fetch: send,
    admin,
    keys: (count) => Promise.all(Array.from({ length: count }, (_, index) => key(`reader ${index}`))),
    async control(path, body) {
      const request = new Request(`${emulator.url}/_emulator${path}`, {
        method: 'POST',
        body: JSON.stringify(body),
      });
      const response = await emulator.emulator.fetch(request);
      if (!response.ok) throw new Error(await response.text());
    },
    calls: (id) => emulator.emulator.stats().byExecution[id]?.calls ?? 0,
    async stop() {
      await workerd.stop();
      await emulator.close();
    },
  };
}

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
export async function until(isSo: () => Promise<boolean>): Promise<void> {
  const endMs = Date.now() + 20_000;
  while (!(await isSo())) {
    if (Date.now() > endMs) throw new Error('it did not come to be so within 20 s');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** The ids in the archive, as an admin sees them. */
export async function archived(worker: WorkerUnderTest): Promise<string[]> {
  const response = await worker.admin('GET', '/executions?limit=1000');
  // Safety: the contract of the listing.
  const { executions } = (await response.json()) as { executions: { flowExecutionId: string }[] };
  return executions.map(({ flowExecutionId }) => flowExecutionId);
}

/**
 * The Worker in workerd before an emulator, both on sockets, for clients that run in processes of their own. Keys are made
 * and revoked as an operator does, through the admin API.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { NewKey } from '../../src/access/key-input.ts';
import { type EmulatorServer, startEmulatorServer } from '../../src/emulator/node-server.ts';
import { SCENARIOS, scenarioHistory, scenarioId } from '../../src/emulator/scenarios/catalog.ts';
import type { WireMessage } from '../../src/emulator/history.ts';
import { startWorkerd } from '../../src/local/workerd.ts';

export const UPSTREAM_CREDENTIALS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'SECRET' };
const ADMIN_TOKEN = 'an admin token, of at least thirty-two characters';
const UUID = '69b151ad-a611-42f5-ac21-fe537f9868ad';

export interface LocalService {
  readonly url: string;
  readonly upstream: EmulatorServer;
  key(input?: Partial<NewKey>): Promise<string>;
  revokedKey(): Promise<string>;
  faults(faults: Record<string, unknown>): Promise<void>;
  close(): Promise<void>;
}

export async function startLocalService(): Promise<LocalService> {
  const upstream = await startEmulatorServer({ port: 0, credentials: UPSTREAM_CREDENTIALS });
  const workerd = await startWorkerd({
    vars: {
      AWS_ACCESS_KEY_ID: UPSTREAM_CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: UPSTREAM_CREDENTIALS.secretAccessKey,
      AWS_ENDPOINT_URL_IOTTHINGSGRAPH: upstream.url,
      SIGNING_SECRET: 'a signing secret of more than thirty-two characters',
      ADMIN_TOKEN,
    },
  });
  const admin = async (path: string, body?: unknown): Promise<unknown> => {
    const response = await fetch(new URL(`/v1/admin/keys${path}`, workerd.url), {
      method: 'POST',
      headers: { Authorization: `Bearer ${ADMIN_TOKEN}`, 'Content-Type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(await response.text());
    return response.json();
  };
  const issue = async (input: Partial<NewKey>) => {
    const body = { name: 'test', executions: ['*'], payloads: 'full', tier: 'high', ...input };
    // Safety: what creating a key answers.
    return (await admin('', body)) as { key: string; id: string };
  };
  return {
    url: workerd.url.href,
    upstream,
    key: async (input = {}) => (await issue(input)).key,
    async revokedKey() {
      const { key, id } = await issue({});
      await admin(`/${id}/revoke`);
      return key;
    },
    async faults(faults) {
      const body = JSON.stringify(faults);
      const response = await fetch(`${upstream.url}/_emulator/faults`, { method: 'POST', body });
      if (!response.ok) throw new Error(await response.text());
    },
    async close() {
      await workerd.stop();
      await upstream.close();
    },
  };
}

/** An hour old: executions of every scenario that ends, and what the upstream says of them. */
export function settledExecutions(): readonly { readonly id: string; readonly messages: WireMessage[] }[] {
  const startMs = Date.now() - 3_600_000;
  return SCENARIOS.filter(({ durationMs }) => durationMs !== undefined && durationMs < 3_000_000).map(
    ({ name, trigger }) => {
      const id = scenarioId(name, startMs, trigger, UUID);
      const view = scenarioHistory(id)?.at(Date.now());
      if (view === undefined) throw new Error(`no history of ${name}`);
      return { id, messages: Array.from({ length: view.count }, (_, position) => view.message(position)) };
    },
  );
}

/** Another program, with no configuration, credentials or proxy of this machine: only what it is given. */
export async function runAlone(
  program: string,
  args: readonly string[],
  { env = {}, input }: { env?: Record<string, string>; input?: string } = {},
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  const running = promisify(execFile)(program, args, {
    env: {
      PATH: '/usr/bin:/bin',
      HOME: '/nonexistent',
      LANG: 'C.UTF-8',
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_PAGER: '',
      ...env,
    },
    maxBuffer: 64 * 1024 * 1024,
  });
  running.child.stdin?.end(input ?? '');
  try {
    return { code: 0, ...(await running) };
  } catch (error) {
    // Safety: execFile rejects with these when the program exits with another code than 0.
    const { code, stdout, stderr } = error as { code: unknown; stdout: string; stderr: string };
    if (typeof code !== 'number') throw error;
    return { code, stdout, stderr };
  }
}

/**
 * The Worker in workerd before an upstream, both on sockets, for clients that run in processes of their own. Keys are made
 * and revoked as an operator does, through the admin API.
 */
import type { NewKey } from '../../src/access/keys/key-input.ts';
import { startBefore } from '../support/on-workerd.ts';
import { ADMIN_TOKEN } from '../support/secret-patterns.ts';
import type { Upstream } from './upstreams.ts';

export interface LocalService<Behind extends Upstream = Upstream> {
  readonly url: string;
  readonly upstream: Behind;
  key(input?: Partial<NewKey>): Promise<string>;
  revokedKey(): Promise<string>;
  /** Tells the emulator what to do wrong from now on; nothing when there is nothing to tell. */
  faults(faults: Readonly<Record<string, unknown>> | undefined): Promise<void>;
  close(): Promise<void>;
}

export async function startLocalService<Behind extends Upstream>(
  startUpstream: () => Promise<Behind>,
): Promise<LocalService<Behind>> {
  const upstream = await startUpstream();
  const { workerd } = await startBefore(upstream.url);
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
      if (faults === undefined) return;
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

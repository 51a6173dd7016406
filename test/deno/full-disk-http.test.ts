/**
 * The service on Deno on a disk that is really full, tested over HTTP: keys can be revoked, and archives can be deleted
 * to free space.
 */
import { open } from 'node:fs/promises';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { type DenoProcess, DenoWorld, admin, messagesUrl, newKey } from './deno-process.ts';
import { canMount, onTmpfs } from './tmpfs.ts';

describe.skipIf(!canMount())('on a full disk', () => {
  let world: DenoWorld;
  let service: DenoProcess;
  let [leaked, used] = ['', ''];
  const archived: string[] = [];

  const put = async (id: string, bytes: number): Promise<number> => {
    const message = { messageId: '0', eventType: 'EXECUTION_SUCCEEDED', payload: 'x'.repeat(bytes) };
    const response = await admin(service.url, `executions/${id}/messages`, {
      method: 'PUT',
      body: JSON.stringify({ ...message, timestamp: '2025-01-01T00:00:00Z' }),
    });
    await response.text();
    return response.status;
  };
  const createKey = () =>
    admin(service.url, 'keys', {
      method: 'POST',
      body: JSON.stringify({ name: 'one more', executions: ['*'], payloads: 'none' }),
    });
  const read = (key: string) =>
    fetch(messagesUrl(service.url, archived[0] ?? ''), { headers: { 'X-API-Key': key } });

  /** Fills the disk to the last byte, from outside the service. */
  async function fillDisk(): Promise<void> {
    const within = `/proc/${service.process.pid}/root${world.directory}`;
    const file = await open(`${within}/others-files`, 'a');
    try {
      for (;;) await file.appendFile('x'.repeat(4_096));
    } catch (error) {
      expect(error).toMatchObject({ code: 'ENOSPC' });
    } finally {
      await file.close();
    }
  }

  beforeAll(async () => {
    world = await DenoWorld.create();
    service = await world.start({}, undefined, onTmpfs(world.directory));
    [leaked, used] = [await newKey(service.url), await newKey(service.url)];
    for (let n = 0; n < 8; n++) {
      expect(await put(`archived-${n}`, 1_000_000)).toBe(200);
      archived.push(`archived-${n}`);
    }
    await fillDisk();
    // Small archives still fit into SQLite's log, and into the space that failed writes have left. They fill both.
    for (let status = 200; status !== 503;) {
      const id = `archived-${archived.length}`;
      status = await put(id, 1_000);
      if (status === 200) archived.push(id);
    }
  });
  afterAll(() => world.end());

  test('a revocation takes effect immediately, and archives can be deleted to free space', async () => {
    for (const key of [leaked, used]) expect((await read(key)).status).toBe(200);
    // A failed write sometimes leaves a little room, so this repeats until a write fails.
    let refused = await createKey();
    while (refused.status !== 503) refused = await createKey();
    expect(await refused.json()).toMatchObject({ code: 'StoreUnavailable' });

    const revoked = await admin(service.url, `keys/${leaked.slice(4, 12)}/revoke`, { method: 'POST' });
    expect(revoked.status).toBe(200);
    expect(await (await read(leaked)).json()).toMatchObject({ code: 'RevokedApiKey' });
    expect((await read(used)).status).toBe(200);

    for (const id of archived) {
      const deleted = await admin(service.url, `executions/${id}`, { method: 'DELETE' });
      expect([id, deleted.status]).toEqual([id, 204]);
    }
    expect(await put('archived-again', 100_000)).toBe(200);
    expect(service.noise).toEqual([]);
  });
});

/**
 * The service on Deno is killed with `kill -9` while it writes. Afterwards every acknowledged key and archive exists,
 * none is incomplete, and partial writes are removed. Tested over HTTP, with one store that survives several kills at
 * fixed pseudo-random times.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PROJECT_ROOT } from '../../src/local/bundle.ts';
import { eventually } from '../support/eventually.ts';
import { DenoWorld, admin, history, messagesUrl, newKey, type DenoProcess } from './deno-process.ts';

const run = promisify(execFile);
const KILLS = 6;
/** When each process is killed, in milliseconds after its first acknowledged writes. Fixed pseudo-random numbers. */
const KILL_AFTER_MS = Array.from({ length: KILLS }, (_, kill) => 40 + ((kill * 7919 + 104_729) % 600));

let world: DenoWorld;
beforeAll(async () => {
  world = await DenoWorld.create();
});
afterAll(() => world.end());

interface Acknowledged {
  readonly keys: string[];
  /** The number of messages in each execution's archive. Each import replaces the previous one. */
  readonly archives: Map<string, number>;
  /** The number of messages in each import that was unanswered when the process was killed. */
  readonly begun: Map<string, number>;
}

/**
 * The body of an import. The store splits it into many parts, so that most kills happen between the writes of two
 * parts.
 */
const imported = (count: number): string =>
  history(count, 'EXECUTION_SUCCEEDED')
    .map((message) =>
      JSON.stringify({ ...message, payload: `${String(message['payload'])} ${'x'.repeat(3_000)}` }),
    )
    .join('\n');

async function writeUntilKilled({ url }: DenoProcess, done: Acknowledged, kill: number): Promise<void> {
  const importing = async (lane: number) => {
    for (let turn = 0; ; turn++) {
      const id = `imported-${lane}-${turn % 2}`;
      const count = 100 + ((kill * 131 + turn * 37 + lane * 7) % 400);
      done.begun.set(id, count);
      const response = await admin(url, `executions/${id}/messages`, {
        method: 'PUT',
        body: imported(count),
      });
      await response.text();
      expect(response.status).toBeLessThan(300);
      done.archives.set(id, count);
      done.begun.delete(id);
    }
  };
  const keys = async () => {
    for (;;) done.keys.push(await newKey(url));
  };
  // Each of these writers continues until its connection breaks.
  const ends = await Promise.allSettled([importing(0), importing(1), keys(), keys()]);
  for (const end of ends) {
    if (end.status === 'rejected' && !(end.reason instanceof TypeError)) throw end.reason;
  }
}

async function expectAllThere(url: string, { keys, archives, begun }: Acknowledged): Promise<void> {
  const opened = await Promise.all(
    keys.map(async (key) => (await fetch(`${url}v1/key`, { headers: { 'x-api-key': key } })).status),
  );
  expect(opened.filter((status) => status !== 200)).toEqual([]);
  const [key = ''] = keys;
  for (const id of new Set([...archives.keys(), ...begun.keys()])) {
    let read = 0;
    for (let next: string | undefined = ''; next !== undefined;) {
      const headers = { 'x-api-key': key };
      const response: Response = await fetch(messagesUrl(url, id, `?maxResults=250${next}`), { headers });
      // The first import of this id was unanswered, and not stored.
      if (response.status === 404 && !archives.has(id)) break;
      expect(response.headers.get('cache-status')).toMatch(/^flowtap; hit; detail=(memory|kv)$/);
      const page = (await response.json()) as { messages: { messageId: string }[]; nextToken?: string };
      expect(page.messages.map(({ messageId }) => messageId)).toEqual(
        page.messages.map((_, index) => String(read + index)),
      );
      read += page.messages.length;
      next = page.nextToken === undefined ? undefined : `&cursor=${page.nextToken}`;
    }
    expect([archives.get(id) ?? 0, begun.get(id)]).toContain(read);
    // The unanswered import might have been stored.
    if (read > 0) archives.set(id, read);
  }
  begun.clear();
  // Index entries that a kill has left outdated are repaired in the background.
  await eventually(async () => expect(await indexed(url)).toEqual({ entries: archives.size, archives }));
}

/** Reads the operator's list of executions: the archives, and how many messages each of them has. */
async function indexed(url: string): Promise<{ entries: number; archives: Map<string, number> }> {
  const response = await admin(url, 'executions', { method: 'GET' });
  const { executions } = (await response.json()) as {
    executions: { flowExecutionId: string; messageCount: number }[];
  };
  const archives = executions.map(
    ({ flowExecutionId, messageCount }) => [flowExecutionId, messageCount] as const,
  );
  return { entries: executions.length, archives: new Map(archives) };
}

test(`after ${KILLS} kills, every acknowledged key and archive exists, none is incomplete, and no partial write is left`, async () => {
  const done: Acknowledged = { keys: [], archives: new Map(), begun: new Map() };
  for (const [kill, afterMs] of KILL_AFTER_MS.entries()) {
    const flowtap = await world.start();
    await expectAllThere(flowtap.url, done);
    const [keysBefore, archivesWanted] = [done.keys.length, Math.max(1, done.archives.size)];
    const working = writeUntilKilled(flowtap, done, kill);
    // Each process must acknowledge a write before it is killed. How long that takes depends on the machine.
    await eventually(() => {
      expect(done.keys.length).toBeGreaterThan(keysBefore);
      expect(done.archives.size).toBeGreaterThanOrEqual(archivesWanted);
    });
    // This waits in real time, because the other process runs on the real clock. No assertion depends on the exact time
    // of the kill.
    await new Promise((resolve) => setTimeout(resolve, afterMs));
    await flowtap.kill();
    await working;
  }
  const last = await world.start();
  await expectAllThere(last.url, done);
  expect(done.keys.length).toBeGreaterThan(KILLS);
  expect(done.archives.size).toBeGreaterThan(0);
  expect([...last.log, ...last.noise].filter((line) => JSON.stringify(line).includes('"error"'))).toEqual([]);
  await last.kill();
  const { stdout } = await run('deno', ['run', '-A', 'test/deno/count-parts.deno.ts', world.storePath], {
    cwd: PROJECT_ROOT,
  });
  const { parts, named, pending } = JSON.parse(stdout) as Record<string, number>;
  expect({ pending, orphans: Number(parts) - Number(named) }).toEqual({ pending: 0, orphans: 0 });
  expect(named).toBeGreaterThan(0);
});

/**
 * Stores the part of an Execution's storage that must outlive the Deno process, as entries of the key-value
 * store. These are pending deletions, and the note that an index might be outdated. Everything else can be
 * found again in the archive or upstream. Layout: docs/storage.md.
 */
import { createHash } from 'node:crypto';

import * as z from 'zod/mini';

import { type ExecutionName, executionKey } from '../core/execution-ref.ts';
import type { Log } from '../core/log.ts';
import type { DurableKeys } from '../executions/execution-storage.ts';
import { isIndexNote } from '../executions/settling/index-upkeep.ts';
import { isDeletionKey } from '../executions/settling/page-deletions.ts';
import { GET_MANY_KEYS_MAX, type KeyValueStore } from '../storage/key-value.ts';

const PREFIX = 'execution/1/';

const recordSchema = z.object({
  v: z.literal(1),
  source: z.string(),
  executionId: z.string(),
  key: z.string(),
  value: z.unknown(),
});

/** Contains a hash, because an execution's id may be longer than the store allows for a key. */
const entryKey = (name: ExecutionName, key: string): string =>
  `${PREFIX}${createHash('sha256').update(executionKey(name)).digest('hex')}/${key}`;

export function createDurableKeys(store: KeyValueStore, log: Log): DurableKeys {
  const records = async function* () {
    for (let cursor: string | undefined; ;) {
      const listed = await store.list({
        prefix: PREFIX,
        limit: GET_MANY_KEYS_MAX,
        ...(cursor && { cursor }),
      });
      const names = listed.keys.map(({ name }) => name);
      for (const [index, entry] of (await store.getMany(names)).entries()) {
        const record = entry && parse(entry.value);
        if (record) yield record;
        else if (entry) log({ event: 'execution-record-damaged', level: 'error', key: names[index] ?? '' });
      }
      cursor = listed.cursor;
      if (cursor === undefined) return;
    }
  };
  return {
    keeps: (key) => isDeletionKey(key) || isIndexNote(key),
    async put({ source, executionId }, key, value) {
      const record: z.infer<typeof recordSchema> = { v: 1, source, executionId, key, value };
      await store.put(entryKey({ source, executionId }, key), JSON.stringify(record));
    },
    async delete(name, key) {
      await store.delete(entryKey(name, key));
    },
    async load() {
      const executions = new Map<string, { name: ExecutionName; values: Map<string, unknown> }>();
      for await (const { source, executionId, key, value } of records()) {
        const name = { source, executionId };
        const known = executions.get(executionKey(name)) ?? { name, values: new Map<string, unknown>() };
        known.values.set(key, value);
        executions.set(executionKey(name), known);
      }
      return [...executions.values()];
    },
  };
}

function parse(text: string): z.infer<typeof recordSchema> | undefined {
  try {
    return z.safeParse(recordSchema, JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

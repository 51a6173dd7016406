/**
 * The search for secrets (docs/security.md). In every test, it examines every line that the service logs and
 * every value that it stores. If one contains a secret, the test file fails at its end. search-on-node.ts and
 * secret-search.workers.ts set it up for each file, and cover consoles, child processes and stores. A log
 * that is passed as a parameter must be made by `testLog`; test/architecture.test.ts checks that.
 *
 * The output of a program for its own user is not a log: `npm start` and `flowtap keys create` show a new key
 * once. Two places are not searched: the storage of Executions in this process (the same values are searched
 * in the SQLite files of Durable Objects), and what a store on disk has overwritten before its process ended.
 */
import { expect } from 'vitest';

import type { Log, LogRecord } from '../../src/core/log.ts';
import { createMemoryStore } from './memory-store.ts';
import { masked, secretsIn } from './secret-patterns.ts';

/** Limits of the report, because lines can be long, and the same line can occur a thousand times. */
const SHOWN_CHARACTERS = 400;
const SHOWN_FINDINGS = 10;

const findings = new Set<string>();
/** Consoles and store classes that are searched already. Test files that run in one process share them. */
const watched = new WeakSet<object>();

/** Examines a text that was logged or stored at `place`. */
export function search(place: string, text: string): void {
  const kinds = secretsIn(text);
  if (kinds.length === 0) return;
  const { currentTestName = 'outside of a test' } = expect.getState();
  findings.add(`${kinds.join(', ')} in ${place} (${currentTestName}): ${excerpt(text)}`);
}

/** Returns the text around the first secret. Masks all secrets, because the CI log shows the excerpt. */
function excerpt(text: string): string {
  const safe = masked(text);
  const start = Math.max(0, safe.indexOf('***') - SHOWN_CHARACTERS / 2);
  return safe.slice(start, start + SHOWN_CHARACTERS).replaceAll(/[^\x20-\x7e]+/g, ' ');
}

/** Makes a log to pass to the parts under test. If `records` is given, each record is also appended to it. */
export const testLog =
  (records?: LogRecord[]): Log =>
  (record) => {
    search('the log', JSON.stringify(record));
    records?.push(record);
  };

/** Returns the findings so far, and clears them. Only the test of the search itself may call this. */
export function takeFindings(): string[] {
  const taken = [...findings];
  findings.clear();
  return taken;
}

/** Fails the test file if anything was found. Call this after all of its tests and their cleanup. */
export function expectNothingFound(): void {
  const found = takeFindings();
  if (found.length === 0) return;
  const more = found.length > SHOWN_FINDINGS ? `\n… and ${found.length - SHOWN_FINDINGS} more` : '';
  throw new Error(`Secrets were logged or stored:\n${found.slice(0, SHOWN_FINDINGS).join('\n')}${more}`);
}

/** From now on, everything that is written to this console is examined, too. */
export function watchConsole(): void {
  if (watched.has(console)) return;
  watched.add(console);
  for (const method of ['debug', 'error', 'info', 'log', 'warn'] as const) {
    const write = console[method].bind(console);
    console[method] = (...texts: unknown[]) => {
      search('the console', texts.map((text) => (typeof text === 'string' ? text : asText(text))).join(' '));
      write(...texts);
    };
  }
}

function asText(value: unknown): string {
  if (value instanceof Error) return `${value.stack}`;
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
}

/**
 * From now on, everything that is put into any memory store is examined. All memory stores share the class that is
 * patched here.
 */
export function watchMemoryStores(): void {
  // Safety: an instance's prototype is its class's.
  const methods = Object.getPrototypeOf(
    createMemoryStore({ clock: { now: () => 0, sleep: async () => undefined, turn: async () => undefined } }),
  ) as ReturnType<typeof createMemoryStore>;
  if (watched.has(methods)) return;
  watched.add(methods);
  const { put } = methods;
  methods.put = function (key, value, options) {
    search(`the memory store, under ${key}`, [key, value, JSON.stringify(options?.metadata)].join('\n'));
    return put.call(this, key, value, options);
  };
}

/** Executions that run while a client follows them, and the answers to the client's requests. */
import { randomUUID } from 'node:crypto';

import type { ScriptedMessage } from '../support/emulator-control.ts';

/** Scripts an execution in the upstream. */
export interface Scripts {
  script(id: string, messages: readonly ScriptedMessage[], more?: Record<string, unknown>): Promise<void>;
}

const COUNT = 12;
const MESSAGE_IDS = Array.from({ length: COUNT }, (_, n) => `m${n}`);

/**
 * The messages from `start` on, each at its time. Ended long ago, so that it settles as soon as the last one
 * is seen.
 */
const messages = (start: number, end: number, afterMs: (n: number) => number) =>
  MESSAGE_IDS.slice(start, end).map((messageId, index) => ({
    messageId,
    eventType: start + index === COUNT - 1 ? 'EXECUTION_SUCCEEDED' : 'STEP_STARTED',
    payload: `ünîcode ${start + index}\n `,
    timestamp: Date.now() / 1000 - 3_600,
    afterMs: afterMs(start + index),
  }));

const newId = () => `real:client/${randomUUID()}`;

/** Four messages are there at once, then one comes every half second, and the last one ends it. */
export async function liveFlow(service: Scripts): Promise<{ id: string; messageIds: readonly string[] }> {
  const id = newId();
  const all = messages(0, COUNT, (n) => (n < 4 ? 0 : n * 500));
  await service.script(id, all, { afterMs: -60_000 });
  return { id, messageIds: MESSAGE_IDS };
}

export interface HeldFlow {
  readonly id: string;
  readonly messageIds: readonly string[];
  /** From now on the other messages come, one every 200 ms, and the last one ends it. */
  release(): Promise<void>;
}

export const HELD_AT = 6;

/** Six messages are there at once, and the others only when the test says so: it runs until then. */
export async function heldFlow(service: Scripts): Promise<HeldFlow> {
  const id = newId();
  await service.script(
    id,
    messages(0, HELD_AT, () => 0),
    { afterMs: -60_000 },
  );
  const release = () =>
    service.script(
      id,
      messages(HELD_AT, COUNT, (n) => (n - HELD_AT) * 200),
      { append: true },
    );
  return { id, messageIds: MESSAGE_IDS, release };
}

export const idsIn = (text: string): string[] =>
  [...text.matchAll(/"messageId":\s*"([^"]+)"/g)].map(([, id]) => id ?? '');

/** How requests for this execution were answered, as the lines of the log have it. */
export const answers = (lines: readonly string[], id: string): number[] =>
  lines
    .filter((line) => line.includes('"event":"request"') && line.includes(id))
    .map((line) => (JSON.parse(line) as { status: number }).status);

/** Scripted executions that run while a client follows them, and the statuses of the client's requests. */
import { randomUUID } from 'node:crypto';

import type { ScriptedMessage } from '../support/emulator-control.ts';

/** Can script an execution in the emulated upstream. */
export interface Scripts {
  script(id: string, messages: readonly ScriptedMessage[], more?: Record<string, unknown>): Promise<void>;
}

const COUNT = 12;
const MESSAGE_IDS = Array.from({ length: COUNT }, (_, n) => `m${n}`);

/**
 * The messages from `start` to the one before `end`. Each appears `afterMs` after it is scripted. Their
 * timestamps are an hour old, so the execution settles as soon as its last message is read.
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

/**
 * Scripts an execution with four messages at first, and from 2 s on another one every half second. The last
 * message ends the execution.
 */
export async function liveFlow(service: Scripts): Promise<{ id: string; messageIds: readonly string[] }> {
  const id = newId();
  const all = messages(0, COUNT, (n) => (n < 4 ? 0 : n * 500));
  await service.script(id, all, { afterMs: -60_000 });
  return { id, messageIds: MESSAGE_IDS };
}

export interface HeldFlow {
  readonly id: string;
  readonly messageIds: readonly string[];
  /** Adds the remaining messages, one every 200 ms. The last one ends the execution. */
  release(): Promise<void>;
}

export const HELD_AT = 6;

/** Scripts an execution with six messages, which runs until the test releases the remaining ones. */
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

/** The statuses of all requests for this execution, in order, taken from the log. */
export const answers = (lines: readonly string[], id: string): number[] =>
  lines
    .filter((line) => line.includes('"event":"request"') && line.includes(id))
    .map((line) => (JSON.parse(line) as { status: number }).status);

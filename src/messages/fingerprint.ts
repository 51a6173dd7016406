/**
 * Fingerprints: 8 bytes that show whether a history is still the one in which a position was counted.
 *
 * A chain of SHA-256 over source, execution and the messageId and eventType of every message before the
 * position. The last message alone would not distinguish two runs, because real histories start alike and
 * number their messages from 0. Timestamps and payloads are left out, since AWS updates them in place. It
 * contains no secret; the cursor's MAC protects it.
 *
 * node:crypto and not WebCrypto: it is synchronous, so a chain over a page, or an id for a frame, needs no
 * await between reading a position and handing it out. All three runtimes have it built in.
 */
import { hash } from 'node:crypto';

import { type ExecutionName, executionKey } from '../core/execution-ref.ts';
import type { Message } from './message.ts';

/** 16 lower-case hex digits. */
export type Fingerprint = string;

export const FINGERPRINT_BYTES = 8;

/** The form of a fingerprint, for those that were stored. */
export const FINGERPRINT = new RegExp(`^[0-9a-f]{${FINGERPRINT_BYTES * 2}}$`);

const digest = (text: string): Fingerprint => hash('sha256', text, 'hex').slice(0, FINGERPRINT_BYTES * 2);

/** The fingerprint at position 0. */
export const fingerprintAtStart = (execution: ExecutionName): Fingerprint => digest(executionKey(execution));

/** The fingerprint one position further. */
export const fingerprintAfter = (before: Fingerprint, message: Message): Fingerprint =>
  digest(JSON.stringify([before, message.messageId ?? null, message.eventType ?? null]));

/** Fingerprints at each position of a run of messages: one more than there are messages, `start` first. */
export function fingerprintsAlong(start: Fingerprint, messages: readonly Message[]): Fingerprint[] {
  const chain = [start];
  let last = start;
  for (const message of messages) chain.push((last = fingerprintAfter(last, message)));
  return chain;
}

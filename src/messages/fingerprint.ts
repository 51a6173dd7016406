/**
 * A fingerprint is 8 bytes that identify the messages before a position. If the fingerprint at a position has
 * changed, the history has been replaced.
 *
 * It is a chain of SHA-256 over the source, the execution id, and the messageId and eventType of every
 * message before the position. The last message alone would not identify a history, because most histories
 * start alike and number their messages from 0. Timestamps and payloads are excluded, because AWS updates
 * them in place. A fingerprint is not secret, and the cursor's MAC protects it from changes.
 *
 * This file uses node:crypto, not WebCrypto, because it is synchronous: computing a chain or a frame's id
 * needs no `await`. Workers, Deno and Node all support it.
 */
import { hash } from 'node:crypto';

import { type ExecutionName, executionKey } from '../core/execution-ref.ts';
import type { Message } from './message.ts';

/** 16 lower-case hex digits. */
export type Fingerprint = string;

export const FINGERPRINT_BYTES = 8;

/** Validates stored fingerprints. */
export const FINGERPRINT = new RegExp(`^[0-9a-f]{${FINGERPRINT_BYTES * 2}}$`);

const digest = (text: string): Fingerprint => hash('sha256', text, 'hex').slice(0, FINGERPRINT_BYTES * 2);

/** The fingerprint at position 0. */
export const fingerprintAtStart = (execution: ExecutionName): Fingerprint => digest(executionKey(execution));

/** Returns the fingerprint one position further. */
export const fingerprintAfter = (before: Fingerprint, message: Message): Fingerprint =>
  digest(JSON.stringify([before, message.messageId ?? null, message.eventType ?? null]));

/** Returns the fingerprints before each of these messages and after the last one. `start` is the first. */
export function fingerprintsAlong(start: Fingerprint, messages: readonly Message[]): Fingerprint[] {
  const chain = [start];
  let last = start;
  for (const message of messages) chain.push((last = fingerprintAfter(last, message)));
  return chain;
}

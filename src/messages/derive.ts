/**
 * Derives members that a message itself does not have from the history before it: its step, error and
 * iteration. Each source derives them from its own payloads, message by message. The state between two
 * messages is short text, so that a reader can begin in the middle.
 */
import type { Message } from './message.ts';

/** Members that are derived. They are no part of fingerprints or cursors. */
export type DerivedMembers = Pick<
  Message,
  'upstreamType' | 'step' | 'error' | 'previousMessageId' | 'iteration'
>;

/** Processes the messages of a history in order. */
export interface MessageWalk {
  /** The message with its derived members. */
  next(message: Message): Message;
  /** The state after the last message, as JSON: a later walk continues with it. */
  readonly state: string;
}

/** `state`: of an earlier walk, at the same position. */
export type OpenWalk = (state: string) => MessageWalk;

/** The state at position 0. */
export const WALK_START = '{}';

/** The messages with their derived members, and the state after them. */
export function deriveAll(
  openWalk: OpenWalk,
  state: string,
  messages: readonly Message[],
): { readonly messages: readonly Message[]; readonly state: string } {
  const walk = openWalk(state);
  const derived = messages.map((message) => walk.next(message));
  return { messages: derived, state: walk.state };
}

const ERROR_NAME = /^[A-Za-z0-9_.:-]{1,128}$/;

/** The name of an error; undefined for any other text: a state machine can put data in its place. */
export const errorName = (text: unknown): string | undefined =>
  typeof text === 'string' && ERROR_NAME.test(text) ? text : undefined;

/** Step Functions allows 80 characters. */
export const STEP_CHARACTERS_MAX = 256;

export const stepName = (text: unknown): string | undefined =>
  typeof text === 'string' && text !== '' && text.length <= STEP_CHARACTERS_MAX ? text : undefined;

/**
 * Derives members of messages, such as step, error and iteration, from the history before them. Each source
 * derives them from its own payloads, message by message. The state between two messages is short text that
 * can be stored. So a reader can start in the middle of a history.
 */
import type { Message } from './message.ts';

/** The members that are derived. Fingerprints and cursors do not depend on them. */
export type DerivedMembers = Pick<
  Message,
  'upstreamType' | 'step' | 'error' | 'previousMessageId' | 'iteration'
>;

/** Processes the messages of a history in order. */
export interface MessageWalk {
  /** Returns the message with its derived members. */
  next(message: Message): Message;
  /** The state after the last message, as JSON. A later walk can continue from it. */
  readonly state: string;
}

/** Starts a walk at a position. `state` is the state of an earlier walk at that position. */
export type OpenWalk = (state: string) => MessageWalk;

/** The state at position 0. */
export const WALK_START = '{}';

/** Returns the messages with their derived members, and the state after the last one. */
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

/**
 * Returns the text if it is the name of an error, otherwise undefined: a state machine can put data in place
 * of a name.
 */
export const errorName = (text: unknown): string | undefined =>
  typeof text === 'string' && ERROR_NAME.test(text) ? text : undefined;

/** Far above the 80 characters that Step Functions allows. */
export const STEP_CHARACTERS_MAX = 256;

export const stepName = (text: unknown): string | undefined =>
  typeof text === 'string' && text !== '' && text.length <= STEP_CHARACTERS_MAX ? text : undefined;

/**
 * A message: one entry of an execution's history, as ListFlowExecutionMessages returns it. Every member is optional on
 * the wire (botocore's model), and an event type that we do not know is passed on.
 */
import * as z from 'zod/mini';

export const messageSchema = z.object({
  messageId: z.optional(z.string()),
  eventType: z.optional(z.string()),
  /** ISO 8601, UTC: see timestamp.ts. When the message was last updated. */
  timestamp: z.optional(z.string()),
  /** Opaque text: may be absent, empty, prose, or text that only resembles JSON. */
  payload: z.optional(z.string()),
});

export type Message = {
  readonly messageId?: string;
  readonly eventType?: string;
  readonly timestamp?: string;
  readonly payload?: string;
};

/** `full`: as upstream. `none`: without payloads, for keys that must not see customers' data. */
export type PayloadAccess = 'full' | 'none';

/** The message as a caller with this access may see it. Keeps the order of members that pages print. */
export const visibleMessage = (message: Message, payloads: PayloadAccess): Message => {
  if (payloads === 'full' || message.payload === undefined) return message;
  const { payload: _, ...rest } = message;
  return rest;
};

/** Estimates the bytes of a message in memory and on the wire. Too high for text outside ASCII: it bounds budgets only. */
export const messageBytes = (message: Message): number => {
  const text = message.payload ?? '';
  return 160 + (message.messageId?.length ?? 0) + (message.eventType?.length ?? 0) + utf8LengthAtMost(text);
};

export const messagesBytes = (messages: readonly Message[]): number =>
  messages.reduce((sum, message) => sum + messageBytes(message), 0);

/** Two bytes a character unless the text is plain ASCII; V8 stores it so, too. */
const utf8LengthAtMost = (text: string): number =>
  // eslint-disable-next-line no-control-regex
  /^[\x00-\x7f]*$/.test(text) ? text.length : text.length * 3;

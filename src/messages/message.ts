/**
 * A message: one entry of an execution's history, as ListFlowExecutionMessages returns it, with what we
 * derive from the history. Every member is optional on the wire (botocore's model), and an event type that we
 * do not know is passed on.
 */
import * as z from 'zod/mini';

import { type PayloadAccess, shows } from './payload-access.ts';

export const messageSchema = z.object({
  messageId: z.optional(z.string()),
  eventType: z.optional(z.string()),
  /** The source's own event type. Absent if it has no vocabulary of its own. */
  upstreamType: z.optional(z.string()),
  /** ISO 8601, UTC: see timestamp.ts. When the message was last updated. */
  timestamp: z.optional(z.string()),
  /** The step or state that the message is about. */
  step: z.optional(z.string()),
  /** The name of the error, never its cause. */
  error: z.optional(z.string()),
  /** The message that led to this one, if the source says so. */
  previousMessageId: z.optional(z.string()),
  /** Index of the iteration of a map. */
  iteration: z.optional(z.int()),
  /** Opaque text: may be absent, empty, prose, or text that only resembles JSON. */
  payload: z.optional(z.string()),
  /** For the archive only: never shown. See step-functions-event.ts. */
  eventShape: z.optional(
    z.object({ details: z.optional(z.nullable(z.string())), nulls: z.optional(z.array(z.string())) }),
  ),
});

/**
 * How the source's event nested the members of the payload. Present only if the event's type does not
 * determine that.
 */
export type EventShape = { readonly details?: string | null; readonly nulls?: string[] };

export type Message = {
  readonly messageId?: string;
  readonly eventType?: string;
  readonly upstreamType?: string;
  readonly timestamp?: string;
  readonly step?: string;
  readonly error?: string;
  readonly previousMessageId?: string;
  readonly iteration?: number;
  readonly payload?: string;
  readonly eventShape?: EventShape;
};

/** The message as a caller with this access may see it. The order of members is that of pages. */
export const visibleMessage = (message: Message, payloads: PayloadAccess): Message => {
  const { messageId, eventType, upstreamType, timestamp, payload } = message;
  const { step, error, previousMessageId, iteration } = message;
  return {
    ...(messageId !== undefined && { messageId }),
    ...(eventType !== undefined && { eventType }),
    ...(upstreamType !== undefined && { upstreamType }),
    ...(timestamp !== undefined && { timestamp }),
    ...(shows(payloads, 'names') && {
      ...(step !== undefined && { step }),
      ...(error !== undefined && { error }),
      ...(previousMessageId !== undefined && { previousMessageId }),
      ...(iteration !== undefined && { iteration }),
    }),
    ...(shows(payloads, 'full') && payload !== undefined && { payload }),
  };
};

/** What the other members of a message take, at most. */
const OTHER_BYTES = 240;

/**
 * Estimates the bytes of a message in memory and on the wire. Too high for text outside ASCII: it bounds
 * budgets only.
 */
export const messageBytes = (message: Message): number => {
  const { messageId = '', eventType = '', step = '', error = '', payload = '' } = message;
  return (
    OTHER_BYTES +
    messageId.length +
    eventType.length +
    3 * (step.length + error.length) +
    utf8LengthAtMost(payload)
  );
};

export const messagesBytes = (messages: readonly Message[]): number =>
  messages.reduce((sum, message) => sum + messageBytes(message), 0);

/** Two bytes a character unless the text is plain ASCII; V8 stores it so, too. */
const utf8LengthAtMost = (text: string): number =>
  // eslint-disable-next-line no-control-regex
  /^[\x00-\x7f]*$/.test(text) ? text.length : text.length * 3;

/**
 * A message: one entry of an execution's history, as ListFlowExecutionMessages returns it, with derived
 * members added (derive.ts). All members are optional on the wire (botocore's model). Unknown event types are
 * passed on.
 */
import * as z from 'zod/mini';

import { type PayloadAccess, shows } from './payload-access.ts';

export const messageSchema = z.object({
  messageId: z.optional(z.string()),
  eventType: z.optional(z.string()),
  /** The source's own event type. Absent if the source has no event types of its own. */
  upstreamType: z.optional(z.string()),
  /** When the message was last updated. ISO 8601, in UTC (timestamp.ts). */
  timestamp: z.optional(z.string()),
  /** The step or state that the message is about. */
  step: z.optional(z.string()),
  /** The name of the error, never its cause. */
  error: z.optional(z.string()),
  /** The message that led to this one, if the source says so. */
  previousMessageId: z.optional(z.string()),
  /** The index of the map iteration that the message belongs to. */
  iteration: z.optional(z.int()),
  /** Opaque text. It may be absent, empty, prose, or text that only resembles JSON. */
  payload: z.optional(z.string()),
  /** Only for the archive; not part of visible messages. See step-functions-event.ts. */
  eventShape: z.optional(
    z.object({ details: z.optional(z.nullable(z.string())), nulls: z.optional(z.array(z.string())) }),
  ),
});

/**
 * How the members of the payload were nested in the source's event. Present only if the event's type does not
 * determine this.
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

/** Returns the message as a caller with this access may see it. Pages write the members in this order. */
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

/** An upper bound, in bytes, for the members that `messageBytes` does not measure, all together. */
const OTHER_BYTES = 240;

/**
 * Estimates the bytes of a message in memory and on the wire. The estimate is too high for text outside
 * ASCII, which is good enough for limits.
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

/** Exact for ASCII. Other text has at most three bytes for each UTF-16 unit. */
const utf8LengthAtMost = (text: string): number =>
  // eslint-disable-next-line no-control-regex
  /^[\x00-\x7f]*$/.test(text) ? text.length : text.length * 3;

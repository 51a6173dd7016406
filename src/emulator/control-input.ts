/** Parses the execution scripts that the control API receives into the emulator's own form. */
import * as z from 'zod/mini';
import type { WireEvent, WireMessage } from './history.ts';
import type { Script, ScriptedMessage } from './scripted-histories.ts';

const STRING = 'must be a string';
const TIME = 'must be milliseconds since the epoch, or ISO 8601 text';
const AFTER = 'must be a number of milliseconds';

/** Milliseconds since the epoch, or ISO 8601. */
export const moment = z.union(
  [z.number(), z.pipe(z.string().check(z.refine(isTime)), z.transform(Date.parse))],
  TIME,
);

const messageSchema = z
  .strictObject(
    {
      messageId: z.optional(z.string(STRING)),
      /** Any text, because an upstream may have types that Flowtap does not know. */
      eventType: z.optional(z.string(STRING)),
      /**
       * Epoch seconds, as on the wire, or ISO 8601. If absent, the time at which the message becomes visible.
       * With null, the message has no timestamp.
       */
      timestamp: z.optional(
        z.union(
          [
            z.null(),
            z.number(),
            z.pipe(
              z.string().check(z.refine(isTime)),
              z.transform((text: string) => Date.parse(text) / 1000),
            ),
          ],
          'must be epoch seconds, ISO 8601 text, or null',
        ),
      ),
      payload: z.optional(z.string(STRING)),
      visibleAt: z.optional(moment),
      /** Milliseconds from now. An alternative to `visibleAt`. */
      afterMs: z.optional(z.number(AFTER)),
    },
    'must be an object',
  )
  .check(z.refine(oneTime, { path: ['afterMs'], error: 'must not be given together with visibleAt' }));

export const scriptSchema = z
  .strictObject(
    {
      flowExecutionId: z.string(STRING).check(z.minLength(1, 'must not be empty')),
      messages: z.array(messageSchema, 'must be an array of messages'),
      append: z.optional(z.boolean('must be true or false')),
      /** When the execution starts to exist. Default: now. */
      visibleAt: z.optional(moment),
      afterMs: z.optional(z.number(AFTER)),
    },
    'must be a JSON object',
  )
  .check(z.refine(oneTime, { path: ['afterMs'], error: 'must not be given together with visibleAt' }));

type ScriptInput = z.infer<typeof scriptSchema>;

const eventSchema = z
  .looseObject(
    {
      type: z.string(STRING),
      /** Default: the event's position in the history, from 1. */
      id: z.optional(z.int('must be a whole number')),
      /** Default: the id of the event before. */
      previousEventId: z.optional(z.int('must be a whole number')),
      /** Epoch seconds. Default: the time at which the event becomes visible. */
      timestamp: z.optional(z.number('must be epoch seconds')),
      visibleAt: z.optional(moment),
      afterMs: z.optional(z.number(AFTER)),
    },
    'must be an object',
  )
  .check(z.refine(oneTime, { path: ['afterMs'], error: 'must not be given together with visibleAt' }));

/** A script for an execution of Step Functions. Unknown members of an event are its details. */
export const eventScriptSchema = z
  .strictObject(
    {
      executionArn: z.string(STRING).check(z.minLength(1, 'must not be empty')),
      events: z.array(eventSchema, 'must be an array of events'),
      /**
       * The map run that started the execution. If given, the execution is listed under the map run, not under
       * the state machine.
       */
      mapRunArn: z.optional(z.string(STRING)),
      append: z.optional(z.boolean('must be true or false')),
      visibleAt: z.optional(moment),
      afterMs: z.optional(z.number(AFTER)),
    },
    'must be a JSON object',
  )
  .check(z.refine(oneTime, { path: ['afterMs'], error: 'must not be given together with visibleAt' }));

function isTime(text: string): boolean {
  return /^\d{4}-/.test(text) && !Number.isNaN(Date.parse(text));
}

interface When {
  readonly visibleAt?: number | undefined;
  readonly afterMs?: number | undefined;
}

function oneTime({ visibleAt, afterMs }: When): boolean {
  return visibleAt === undefined || afterMs === undefined;
}

const msOf = ({ visibleAt, afterMs }: When, nowMs: number): number => visibleAt ?? nowMs + (afterMs ?? 0);

export const scriptOf = (input: ScriptInput, nowMs: number): Script<WireMessage> => ({
  existsFromMs: msOf(input, nowMs),
  messages: input.messages.map((message) => scriptedMessage(message, nowMs)),
});

/** `before` is the number of events that the execution already has. */
export const eventScriptOf = (
  input: z.infer<typeof eventScriptSchema>,
  before: number,
  nowMs: number,
): Script<WireEvent> => ({
  existsFromMs: msOf(input, nowMs),
  messages: input.events.map(({ visibleAt, afterMs, ...event }, index) => {
    const visibleAtMs = msOf({ visibleAt, afterMs }, nowMs);
    const { id = before + index + 1, timestamp = visibleAtMs / 1000 } = event;
    const { previousEventId = id - 1 } = event;
    return { message: { ...event, id, previousEventId, timestamp }, visibleAtMs };
  }),
});

function scriptedMessage(input: z.infer<typeof messageSchema>, nowMs: number): ScriptedMessage<WireMessage> {
  const visibleAtMs = msOf(input, nowMs);
  const { messageId, eventType, payload } = input;
  const timestamp = input.timestamp === undefined ? visibleAtMs / 1000 : input.timestamp;
  const message: WireMessage = {
    ...(messageId === undefined ? {} : { messageId }),
    ...(eventType === undefined ? {} : { eventType }),
    ...(timestamp === null ? {} : { timestamp }),
    ...(payload === undefined ? {} : { payload }),
  };
  return { message, visibleAtMs };
}

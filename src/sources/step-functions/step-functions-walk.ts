/**
 * Derives step, iteration and error of each Step Functions message. Each event names the event that led to
 * it. An event that does not name its state belongs to the innermost state that was entered and not left
 * among the events that led to it. The same is true of its iteration. So events are attributed correctly even
 * if branches alternate.
 *
 * This walk goes forward only. For each event that a later event can name, it remembers the frame (state,
 * iteration) that was open after the event. Which events it forgets, and when, depends only on the history.
 * So a walk that continues from saved state derives the same members as a walk from the start.
 */
import { isUpstreamFailure } from '../../messages/event-types.ts';
import * as z from 'zod/mini';

import { type DerivedMembers, errorName, stepName } from '../../messages/derive.ts';
import type { Message } from '../../messages/message.ts';
import { eventTypeOf } from './step-functions-mapping.ts';
import { eventInPayload } from './step-functions-payload.ts';

/**
 * The last 200 events are always remembered. A failed branch can abort 40 iterations, with a few events each,
 * and the next event can name an event from before all of these.
 */
const RECENT_EVENTS = 200;
/** Maximum number of remembered events. Beyond it, the oldest is forgotten. */
const REMEMBERED_EVENTS_MAX = 1_000;

type Kind = 'state' | 'map' | 'parallel' | 'iteration';
const KINDS: readonly Kind[] = ['state', 'map', 'parallel', 'iteration'];

interface Frame {
  readonly kind: Kind;
  readonly name: string | undefined;
  /** The frame's own iteration, or that of the iteration that contains it. */
  readonly iteration: number | undefined;
  readonly parent: Frame | undefined;
  /** True once the state was left or the iteration has ended. */
  isClosed: boolean;
  /** True for a map or parallel state that has failed and has not been retried since. */
  hasFailed: boolean;
}

interface Remembered {
  /** The innermost frame that was open after the event. */
  readonly frame: Frame | undefined;
  /**
   * True if map iterations or parallel branches start at this event, so that several later events name it.
   */
  readonly isFork: boolean;
  /** True once a later event has named this event. */
  wasNamed: boolean;
}

const nullish = z.nullable(z.int());
const savedSchema = z.object({
  last: z.int(),
  /** Each frame: kind, name, iteration, index of the parent, closed, failed. */
  frames: z.array(z.tuple([z.int(), z.nullable(z.string()), nullish, nullish, z.boolean(), z.boolean()])),
  /** Each remembered event: id, index of its frame, whether it is a fork, whether it was named. */
  events: z.array(z.tuple([z.int(), nullish, z.boolean(), z.boolean()])),
});

/**
 * Matches all event types, including ones that AWS might add. Other text in its place hardly ever matches.
 */
const TYPE = /^(?:[A-Z][a-z]+){2,8}$/;
/** Events of the execution, not of a state. */
const OF_EXECUTION = /^Execution(?:Started|Succeeded|Failed|TimedOut|Aborted|Redriven)$/;
const OF_ITERATION = /^MapIteration(?:Succeeded|Failed|Aborted)$/;
const AROUND = /^(Map|Parallel)State(Started|Succeeded|Failed|Aborted)$/;

export class StepFunctionsWalk {
  /** The remembered events, by id in ascending order. */
  readonly #events = new Map<number, Remembered>();
  #last = 0;

  /** Continues from the result of `save`. Starts anew if `saved` is anything else. */
  constructor(saved?: unknown) {
    const parsed = savedSchema.safeParse(saved);
    if (!parsed.success) return;
    const frames: Frame[] = [];
    for (const [kind, name, iteration, parent, isClosed, hasFailed] of parsed.data.frames) {
      frames.push({
        kind: KINDS[kind] ?? 'state',
        name: name ?? undefined,
        iteration: iteration ?? undefined,
        parent: frames[parent ?? -1],
        isClosed,
        hasFailed,
      });
    }
    this.#last = parsed.data.last;
    for (const [id, frame, isFork, wasNamed] of parsed.data.events) {
      this.#events.set(id, { frame: frames[frame ?? -1], isFork, wasNamed });
    }
  }

  /**
   * Returns the derived members of the next message. Undefined if the message is not an event of Step
   * Functions.
   */
  next(message: Message): DerivedMembers | undefined {
    const event = eventInPayload(message);
    if (!event || !TYPE.test(event.type)) return undefined;
    const { type, members } = event;
    const id = members['id'];
    if (typeof id !== 'number' || !Number.isSafeInteger(id)) return undefined;
    if (message.eventType !== eventTypeOf(type, members['resourceType'])) return undefined;
    const previous = typeof event.previousEventId === 'number' ? event.previousEventId : 0;
    const { step, iteration, after } = this.#place(type, members, this.#frameAfter(previous, id));
    this.#remember(id, type, after);
    const error = isUpstreamFailure(type) ? errorName(members['error']) : undefined;
    return {
      upstreamType: type,
      ...(step !== undefined && { step }),
      ...(error !== undefined && { error }),
      ...(previous > 0 && { previousMessageId: String(previous) }),
      ...(iteration !== undefined && { iteration }),
    };
  }

  /** Returns the events that later ones can name, as plain data. */
  save(): z.infer<typeof savedSchema> {
    this.#forget();
    const indexes = new Map<Frame, number>();
    const frames: z.infer<typeof savedSchema>['frames'] = [];
    const known = (frame: Frame | undefined): number | null => (frame && indexes.get(frame)) ?? null;
    // Adds the outermost frame first. A loop rather than recursion, because a history may enter any number of
    // states without leaving them.
    const indexOf = (wanted: Frame | undefined): number | null => {
      const added: Frame[] = [];
      for (let frame = wanted; frame && !indexes.has(frame); frame = frame.parent) added.push(frame);
      for (const frame of added.toReversed()) {
        const { kind, name = null, iteration = null, parent, isClosed, hasFailed } = frame;
        frames.push([KINDS.indexOf(kind), name, iteration, known(parent), isClosed, hasFailed]);
        indexes.set(frame, frames.length - 1);
      }
      return known(wanted);
    };
    const events = [...this.#events].map(
      ([id, { frame, isFork, wasNamed }]) =>
        [id, indexOf(frame), isFork, wasNamed] satisfies z.infer<typeof savedSchema>['events'][number],
    );
    return { last: this.#last, frames, events };
  }

  /**
   * Returns the step and iteration of an event, and the frame that is open after the event. `from` is the
   * frame that was open before it. Opens and closes frames.
   */
  #place(
    type: string,
    members: Readonly<Record<string, unknown>>,
    from: Frame | undefined,
  ): { step: string | undefined; iteration: number | undefined; after: Frame | undefined } {
    const name = stepName(members['name']);
    if (OF_EXECUTION.test(type)) return { step: undefined, iteration: undefined, after: from };
    if (type.endsWith('StateEntered')) {
      const kind = type.startsWith('Map') ? 'map' : type.startsWith('Parallel') ? 'parallel' : 'state';
      return placed(open(kind, name, from?.iteration, from));
    }
    if (type.endsWith('StateExited')) {
      const left = nearest(from, (frame) => frame.kind !== 'iteration' && frame.name === name);
      if (!left) return { step: name, iteration: from?.iteration, after: from };
      left.isClosed = true;
      return placed(left, left.parent);
    }
    const index = members['index'];
    const iteration = typeof index === 'number' && Number.isSafeInteger(index) ? index : undefined;
    const isMap = (frame: Frame) => frame.kind === 'map' && (name === undefined || frame.name === name);
    if (type === 'MapIterationStarted') {
      const map = nearest(from, isMap);
      return placed(open('iteration', name ?? map?.name, iteration, map));
    }
    if (OF_ITERATION.test(type)) {
      const ended = nearest(
        from,
        (frame) => frame.kind === 'iteration' && frame.name === name && frame.iteration === iteration,
      );
      if (ended) ended.isClosed = true;
      return { step: name, iteration, after: ended?.parent ?? nearest(from, isMap) };
    }
    const [, around, what] = AROUND.exec(type) ?? [];
    if (around !== undefined) {
      const kind = around === 'Map' ? 'map' : 'parallel';
      const frame =
        nearest(from, (each) => each.kind === kind && (what === 'Started' || !each.hasFailed)) ?? from;
      if (!frame || frame.kind !== kind) return placed(frame);
      frame.hasFailed = what === 'Failed' || what === 'Aborted';
      return placed(frame);
    }
    if (type === 'EvaluationFailed') {
      const state = stepName(members['state']);
      const failed = nearest(from, (frame) => frame.kind !== 'iteration' && frame.name === state);
      return placed(failed ?? open('state', state, from?.iteration, from));
    }
    if (type.endsWith('StateAborted') && from?.kind === 'state') return placed(from, from.parent);
    return placed(from);
  }

  #frameAfter(id: number, namedBy: number): Frame | undefined {
    const event = this.#events.get(id);
    if (!event || !this.#isUsable(id, event, namedBy)) return undefined;
    event.wasNamed = true;
    return event.frame;
  }

  #remember(id: number, type: string, frame: Frame | undefined): void {
    const isFork = type === 'MapStateStarted' || type === 'ParallelStateStarted';
    // The end of an iteration counts as named from the start, so that it is forgotten early. Only one of the
    // next events can name it.
    this.#events.set(id, { frame, isFork, wasNamed: OF_ITERATION.test(type) });
    this.#last = Math.max(this.#last, id);
    if (this.#events.size <= REMEMBERED_EVENTS_MAX) return;
    this.#forget();
    const [oldest] = this.#events.keys();
    if (this.#events.size > REMEMBERED_EVENTS_MAX && oldest !== undefined) this.#events.delete(oldest);
  }

  #forget(): void {
    for (const [id, event] of this.#events) {
      if (!this.#isUsable(id, event, this.#last + 1)) this.#events.delete(id);
    }
  }

  #isUsable(id: number, { frame, isFork, wasNamed }: Remembered, namedBy: number): boolean {
    return id >= namedBy - RECENT_EVENTS || ((isFork || !wasNamed) && isOpen(frame));
  }
}

const open = (
  kind: Kind,
  name: string | undefined,
  iteration: number | undefined,
  parent: Frame | undefined,
): Frame => ({ kind, name, iteration, parent, isClosed: false, hasFailed: false });

const placed = (frame: Frame | undefined, after = frame) => ({
  step: frame?.name,
  iteration: frame?.iteration,
  after,
});

function nearest(from: Frame | undefined, isWanted: (frame: Frame) => boolean): Frame | undefined {
  let frame = from;
  while (frame && !isWanted(frame)) frame = frame.parent;
  return frame;
}

const isOpen = (frame: Frame | undefined): boolean =>
  nearest(frame, ({ isClosed }) => isClosed) === undefined;

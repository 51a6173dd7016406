/**
 * Derives the members of Things Graph's messages. Payloads of STEP_* name their step. Those of ACTIVITY_* are
 * empty, so these messages belong to the open step. While several steps are open, or one without a name, a
 * message without a step's name gets no step.
 */
import { isFailure } from '../../messages/event-types.ts';
import * as z from 'zod/mini';

import { type DerivedMembers, errorName, stepName } from '../../messages/derive.ts';
import type { Message } from '../../messages/message.ts';
import { payloadMember } from './things-graph-payload.ts';

/** Bounds the open steps that are remembered. The oldest is forgotten first. */
const OPEN_STEPS_MAX = 100;

/** Null: a step without a name. */
const savedSchema = z.array(z.nullable(z.string()));

const OF_STEP = /^(?:STEP|ACTIVITY|THING_ACTION_TASK|ACKNOWLEDGE_TASK_MESSAGE)(?:_|$)/;

export class ThingsGraphWalk {
  #open: (string | null)[];

  /** Continues from what `save` returned. Starts anew from anything else. */
  constructor(saved?: unknown) {
    this.#open = savedSchema.safeParse(saved).data ?? [];
  }

  next({ eventType = '', payload = '' }: Message): DerivedMembers {
    const own = stepName(payloadMember(payload, 'stepId'));
    if (eventType === 'STEP_STARTED') this.#started(own);
    const step = own ?? (OF_STEP.test(eventType) && eventType !== 'STEP_STARTED' ? this.#only() : undefined);
    if (eventType === 'STEP_SUCCEEDED' || eventType === 'STEP_FAILED') this.#ended(step);
    const error = isFailure(eventType) ? errorName(payloadMember(payload, 'error')) : undefined;
    return { ...(step !== undefined && { step }), ...(error !== undefined && { error }) };
  }

  /** Plain data. */
  save(): readonly (string | null)[] {
    return this.#open;
  }

  /** The name of the open step, if only one step can be meant. */
  #only(): string | undefined {
    const [first, ...others] = this.#open;
    return others.every((other) => other === first) ? (first ?? undefined) : undefined;
  }

  #started(step: string | undefined): void {
    this.#open = [...this.#open, step ?? null].slice(-OPEN_STEPS_MAX);
  }

  #ended(step: string | undefined): void {
    // Any of the open steps may have ended, so from now on no open step is known by its name.
    if (step === undefined) this.#open = this.#open.slice(1).map(() => null);
    else {
      const named = this.#open.indexOf(step);
      const ended = named >= 0 ? named : this.#open.indexOf(null);
      this.#open = this.#open.filter((_, index) => index !== ended);
    }
  }
}

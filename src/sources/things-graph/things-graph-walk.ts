/**
 * Derives step and error of each Things Graph message. Payloads of STEP_* messages name their step. Payloads
 * of ACTIVITY_* messages are empty, so these messages are attributed to the open step. While several steps
 * with different names are open, or a step without a name, messages that do not name their step get no step.
 */
import { isFailure } from '../../messages/event-types.ts';
import * as z from 'zod/mini';

import { type DerivedMembers, errorName, stepName } from '../../messages/derive.ts';
import type { Message } from '../../messages/message.ts';
import { payloadMember } from './things-graph-payload.ts';

/** Maximum number of open steps that are remembered. Beyond it, the oldest is forgotten. */
const OPEN_STEPS_MAX = 100;

/** The names of the open steps. Null stands for a step without a name. */
const savedSchema = z.array(z.nullable(z.string()));

const OF_STEP = /^(?:STEP|ACTIVITY|THING_ACTION_TASK|ACKNOWLEDGE_TASK_MESSAGE)(?:_|$)/;

export class ThingsGraphWalk {
  #open: (string | null)[];

  /** Continues from the result of `save`. Starts with no open steps if `saved` is anything else. */
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

  /** Returns the state as plain data. */
  save(): readonly (string | null)[] {
    return this.#open;
  }

  /** The name of the open step. Undefined if no step is open, or if the open steps differ in name. */
  #only(): string | undefined {
    const [first, ...others] = this.#open;
    return others.every((other) => other === first) ? (first ?? undefined) : undefined;
  }

  #started(step: string | undefined): void {
    this.#open = [...this.#open, step ?? null].slice(-OPEN_STEPS_MAX);
  }

  #ended(step: string | undefined): void {
    // Any of the open steps might have ended, so the names of the remaining ones are no longer known.
    if (step === undefined) this.#open = this.#open.slice(1).map(() => null);
    else {
      const named = this.#open.indexOf(step);
      const ended = named >= 0 ? named : this.#open.indexOf(null);
      this.#open = this.#open.filter((_, index) => index !== ended);
    }
  }
}

/**
 * Facts about messages that views need: the number of each message, and the values that filters offer. An update
 * examines only new messages.
 */
import type { FlowMessage } from '../../client/client.ts';

export class MessageFacts {
  #seen: readonly FlowMessage[] = [];
  readonly #byId = new Map<string, FlowMessage>();
  readonly #numbers = new WeakMap<FlowMessage, number>();
  readonly #eventTypes = new Map<string, number>();
  readonly #upstreamTypes = new Map<string, number>();
  readonly #steps = new Map<string, number>();

  update(messages: readonly FlowMessage[]): void {
    if (messages === this.#seen) return;
    if (messages[0] !== this.#seen[0] || messages.length < this.#seen.length) {
      for (const map of [this.#byId, this.#eventTypes, this.#upstreamTypes, this.#steps]) map.clear();
      this.#seen = [];
    }
    for (let index = this.#seen.length; index < messages.length; index++) {
      const message = messages[index];
      if (!message) continue;
      this.#numbers.set(message, index + 1);
      if (message.messageId !== undefined) this.#byId.set(message.messageId, message);
      count(this.#eventTypes, message.eventType);
      count(this.#upstreamTypes, message.upstreamType);
      count(this.#steps, message.step);
    }
    this.#seen = messages;
  }

  readonly messageOf = (id: string): FlowMessage | undefined => this.#byId.get(id);

  /** The message's number in the history, counted from 1. */
  readonly numberOf = (message: FlowMessage): number => this.#numbers.get(message) ?? 0;

  /** The number of messages of each event type. `upstreamTypes` and `steps` count messages in the same way. */
  get eventTypes(): ReadonlyMap<string, number> {
    return this.#eventTypes;
  }

  /** Empty for Things Graph. */
  get upstreamTypes(): ReadonlyMap<string, number> {
    return this.#upstreamTypes;
  }

  get steps(): ReadonlyMap<string, number> {
    return this.#steps;
  }
}

function count(map: Map<string, number>, name: string | undefined): void {
  if (name !== undefined && name !== '') map.set(name, (map.get(name) ?? 0) + 1);
}

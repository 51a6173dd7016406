/**
 * What stream tests over a socket run on: the Worker in workerd, the emulator as its upstream, keys, and ways to look at both
 * from outside.
 */
import { createLocalKey } from '../../src/local/local-key.ts';
import type { NewKey } from '../../src/access/keys/key-input.ts';
import { BeforeEmulator, startBeforeEmulator } from '../support/on-workerd.ts';
import { ADMIN_TOKEN } from '../support/secret-patterns.ts';

/** As the emulator's control API takes it. */
export interface ScriptedMessage {
  readonly messageId?: string;
  readonly eventType?: string;
  readonly timestamp?: number | string | null;
  readonly payload?: string;
  readonly afterMs?: number;
}

export interface Activity {
  readonly streams: number;
  readonly waiting: number;
  readonly upstream: string;
  readonly pollIntervalMs?: number;
  readonly archived?: { readonly messageCount: number };
}

export class World extends BeforeEmulator {
  key(limits: Partial<NewKey> = {}): Promise<string> {
    return createLocalKey(this.workerd.store, limits);
  }

  messagesUrl(id: string, query = ''): string {
    return new URL(
      `/v1/executions/${encodeURIComponent(id)}/messages${query === '' ? '' : `?${query}`}`,
      this.url,
    ).href;
  }

  async activity(id: string): Promise<Activity> {
    const response = await fetch(new URL(`/v1/admin/executions/${encodeURIComponent(id)}`, this.url), {
      headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
    });
    if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
    // Safety: the route's own answer; what it holds is what tests then look at.
    return (await response.json()) as Activity;
  }

  script(
    flowExecutionId: string,
    messages: readonly ScriptedMessage[],
    more: Record<string, unknown> = {},
  ): Promise<void> {
    return this.control('/executions', { flowExecutionId, messages, ...more });
  }

  faults(faults: Record<string, unknown>): Promise<void> {
    return this.control('/faults', faults);
  }
}

export const openWorld = (): Promise<World> => startBeforeEmulator(World);

/** A flow that goes on for a while: its messages come `everyMs`, the first at once, the last one terminal unless told. */
export const flow = (
  count: number,
  everyMs: number,
  { name = 'm', terminal = 'EXECUTION_SUCCEEDED' }: { name?: string; terminal?: string } = {},
): ScriptedMessage[] =>
  Array.from({ length: count }, (_, position) => ({
    messageId: `${name}${position}`,
    eventType:
      position === count - 1
        ? terminal
        : position === 0
          ? 'EXECUTION_STARTED'
          : position % 3 === 0
            ? 'STEP_SUCCEEDED'
            : 'STEP_STARTED',
    payload: `${name} ${position} ${'x'.repeat((position * 37) % 300)}`,
    afterMs: position * everyMs,
  }));

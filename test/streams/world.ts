/**
 * What stream tests over a socket run on: the Worker in workerd, the emulator as its upstream, keys, and ways to look at both
 * from outside.
 */
import { createLocalKey } from '../../src/local/local-key.ts';
import { type LocalWorkerd, startWorkerd } from '../../src/local/workerd.ts';
import { type EmulatorServer, startEmulatorServer } from '../../src/emulator/node-server.ts';
import type { NewKey } from '../../src/access/key-input.ts';
import type { Statistics } from '../../src/emulator/call-statistics.ts';

const CREDENTIALS = { accessKeyId: 'AKIASTREAMTEST', secretAccessKey: 'the secret of the emulator' };
export const ADMIN_TOKEN = 'an admin token, of at least thirty-two characters';

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

export class World {
  readonly emulator: EmulatorServer;
  readonly workerd: LocalWorkerd;
  readonly lines: string[];

  constructor(emulator: EmulatorServer, workerd: LocalWorkerd, lines: string[]) {
    this.emulator = emulator;
    this.workerd = workerd;
    this.lines = lines;
  }

  get url(): URL {
    return this.workerd.url;
  }

  stats(): Statistics {
    return this.emulator.emulator.stats();
  }

  /** Calls for one execution that reached the upstream. */
  calls(id: string): number {
    return this.stats().byExecution[id]?.calls ?? 0;
  }

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
    return this.#control('/executions', { flowExecutionId, messages, ...more });
  }

  faults(faults: Record<string, unknown>): Promise<void> {
    return this.#control('/faults', faults);
  }

  async close(): Promise<void> {
    await this.workerd.stop();
    await this.emulator.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #control(path: string, body: unknown): Promise<void> {
    const request = new Request(`http://emulator/_emulator${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
    });
    const response = await this.emulator.emulator.fetch(request);
    if (!response.ok) throw new Error(await response.text());
  }
}

export async function openWorld(): Promise<World> {
  const emulator = await startEmulatorServer({ port: 0, credentials: CREDENTIALS });
  const lines: string[] = [];
  const workerd = await startWorkerd({
    vars: {
      AWS_REGION: 'us-west-2',
      AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
      AWS_ENDPOINT_URL_IOTTHINGSGRAPH: emulator.url,
      SIGNING_SECRET: 'a signing secret of more than thirty-two characters',
      ADMIN_TOKEN,
    },
    onLog: (line) => lines.push(line),
  });
  return new World(emulator, workerd, lines);
}

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

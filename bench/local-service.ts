/** What the benchmarks run on: the Worker in workerd on this machine, the emulator as its upstream, and keys. */
import { createLocalKey } from '../src/local/local-key.ts';
import { BeforeEmulator, startBeforeEmulator } from '../test/support/on-workerd.ts';

export interface ScriptedMessage {
  readonly messageId: string;
  readonly eventType: string;
  readonly payload: string;
  /** When it appears upstream, from now; its timestamp says the same. */
  readonly afterMs: number;
}

export class LocalService extends BeforeEmulator {
  messagesUrl(id: string, query = ''): URL {
    return new URL(`/v1/executions/${encodeURIComponent(id)}/messages${query}`, this.url);
  }

  key(): Promise<string> {
    return createLocalKey(this.workerd.store);
  }

  script(flowExecutionId: string, messages: readonly ScriptedMessage[]): Promise<void> {
    return this.control('/executions', { flowExecutionId, messages, afterMs: -60_000 });
  }
}

export const openLocalService = (): Promise<LocalService> => startBeforeEmulator(LocalService);

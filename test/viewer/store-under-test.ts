/**
 * Opens an ExecutionStore whose requests go to the whole application in this process. Both use the manual clock
 * of the test.
 */
import { type ClientUnderTest, EXECUTION } from '../client/client-under-test.ts';
import type { ExecutionAccess } from '../../src/viewer/store/access.ts';
import { ExecutionStore, type ExecutionStorePorts } from '../../src/viewer/store/execution-store.ts';
import type { ExecutionSnapshot } from '../../src/viewer/store/snapshot.ts';
import { StreamSlots } from '../../src/viewer/store/stream-slots.ts';

export const ORIGIN = 'https://flowtap.example';

/** A browser tab that a test can hide and show. */
export class Tab {
  #isHidden = false;
  readonly #listeners = new Set<() => void>();

  readonly visibility = {
    isHidden: () => this.#isHidden,
    onChange: (listener: () => void) => {
      this.#listeners.add(listener);
      return () => this.#listeners.delete(listener);
    },
  };

  hide(isHidden: boolean): void {
    this.#isHidden = isHidden;
    for (const listener of this.#listeners) listener();
  }
}

export interface StoreOptions {
  readonly access?: ExecutionAccess;
  /** Default: `EXECUTION`. If set to undefined, the store gets no execution id. */
  readonly executionId?: string | undefined;
  readonly service?: string | undefined;
  readonly ports?: Partial<ExecutionStorePorts>;
}

/** Opens a store. Without `access`, it uses an API key. */
export async function openStore(under: ClientUnderTest, options: StoreOptions = {}): Promise<ExecutionStore> {
  const { executionId, service, access, ports } = { executionId: EXECUTION, service: ORIGIN, ...options };
  const slots = new StreamSlots();
  return new ExecutionStore({
    access: access ?? { apiKey: await under.service.key({ tickets: true }) },
    ...(executionId !== undefined && { executionId }),
    ...(service !== undefined && { service }),
    ports: {
      fetch: under.fetch,
      clock: under.clock,
      random: () => 0.5,
      visibility: new Tab().visibility,
      slotsFor: () => slots,
      ...ports,
    },
  });
}

/** Subscribes until `isWanted` is true for a snapshot, and resolves with this snapshot. */
export const snapshotWhen = (
  store: ExecutionStore,
  isWanted: (snapshot: ExecutionSnapshot) => boolean,
): Promise<ExecutionSnapshot> =>
  new Promise((resolve) => {
    const unsubscribe = store.subscribe(() => {
      if (!isWanted(store.getSnapshot())) return;
      unsubscribe();
      resolve(store.getSnapshot());
    });
  });

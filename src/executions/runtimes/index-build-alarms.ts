/**
 * Builds the archives' index on Workers. One object of the Executions' class is reserved for the build and
 * does one step of it in each alarm.
 */
import type { IndexBuild } from '../../archive/index-build.ts';

/**
 * The name of this object, and the key in its storage. Executions are named by hashes, so the name cannot
 * collide.
 */
const INDEX_BUILD = 'index-build';
/**
 * The interval between steps. Each step writes the build's state, and Workers KV accepts one write of a key
 * per second.
 */
const STEP_MS = 1_500;
const RETRY_MS = 60_000;

/** Starts the build if it is not running. */
export async function startIndexBuildAlarms(storage: DurableObjectStorage): Promise<void> {
  if ((await storage.getAlarm()) !== null) return;
  await storage.put(INDEX_BUILD, true);
  await storage.setAlarm(Date.now());
}

/** Called in each alarm. If this object builds the index, does one step and returns true. */
export async function stepIndexBuild(
  storage: DurableObjectStorage,
  open: () => IndexBuild,
): Promise<boolean> {
  if ((await storage.get(INDEX_BUILD)) === undefined) return false;
  const step = await open().step();
  // One step per alarm, because an alarm may make at most 1,000 calls to the store.
  if (step === 'done') await storage.deleteAll();
  else await storage.setAlarm(Date.now() + (step === 'failed' ? RETRY_MS : STEP_MS));
  return true;
}

/** Asks the object to build the index. */
export const startIndexBuild = <T extends Rpc.DurableObjectBranded & { buildIndex(): Promise<void> }>(
  namespace: DurableObjectNamespace<T>,
): Promise<void> => {
  // Safety: TypeScript loses the type of a stub's method if the object's type is generic.
  const stub = namespace.get(namespace.idFromName(INDEX_BUILD)) as unknown as { buildIndex(): Promise<void> };
  return stub.buildIndex();
};

/**
 * The build of the archives' index on Workers: an object of the class of Executions, under a name of its own
 * and without an execution, does one step in each of its alarms. Platform file.
 */
import type { IndexBuild } from '../../archive/index-build.ts';

/** The object's name, which differs from the hashes that name Executions; also the key that it stores. */
const INDEX_BUILD = 'index-build';
/** Workers KV accepts one write of a key in a second: that of the build's state. */
const STEP_MS = 1_500;
const RETRY_MS = 60_000;

/** Starts the build, unless it is running. */
export async function startIndexBuildAlarms(storage: DurableObjectStorage): Promise<void> {
  if ((await storage.getAlarm()) !== null) return;
  await storage.put(INDEX_BUILD, true);
  await storage.setAlarm(Date.now());
}

/** In an alarm: does a step if this is the object that builds the index. Resolves with whether it is. */
export async function stepIndexBuild(
  storage: DurableObjectStorage,
  open: () => IndexBuild,
): Promise<boolean> {
  if ((await storage.get(INDEX_BUILD)) === undefined) return false;
  const step = await open().step();
  // One step an alarm: an alarm may make 1,000 calls of the store.
  if (step === 'done') await storage.deleteAll();
  else await storage.setAlarm(Date.now() + (step === 'failed' ? RETRY_MS : STEP_MS));
  return true;
}

/** Asks the object to build the index. */
export const startIndexBuild = <T extends Rpc.DurableObjectBranded & { buildIndex(): Promise<void> }>(
  namespace: DurableObjectNamespace<T>,
): Promise<void> => {
  // Safety: the type of a stub's method is lost on a generic object.
  const stub = namespace.get(namespace.idFromName(INDEX_BUILD)) as unknown as { buildIndex(): Promise<void> };
  return stub.buildIndex();
};

/** `npm run dev`: restarts the Worker on the same port and state when its source changes. */
import { watchWorker } from './bundle.ts';
import type { Shutdown } from './shutdown.ts';
import type { LocalWorkerd } from './workerd.ts';

/**
 * `script` is the bundle that is running. Reloads run one at a time. If a changed Worker does not start, the
 * next change is tried as usual.
 */
export async function reloadOnChange(
  workerd: LocalWorkerd,
  script: string,
  shutdown: Shutdown,
  say: (line: string) => void,
): Promise<void> {
  let current = script;
  let turn = Promise.resolve();
  const reload = async (changed: string | undefined, errors: readonly string[]): Promise<void> => {
    if (changed === undefined) {
      say(`Cannot bundle the Worker; the last one keeps running.\n${errors.join('\n')}`);
    } else if (changed !== current) {
      current = changed;
      await workerd.restart(changed);
      say('Reloaded.');
    }
  };
  const watcher = await watchWorker((changed, errors) => {
    turn = turn
      .then(() => reload(changed, errors))
      .catch((error: unknown) => say(`Cannot run the changed Worker: ${String(error)}`));
  });
  shutdown.onEnd(async () => {
    await watcher.stop();
    await turn;
  });
}

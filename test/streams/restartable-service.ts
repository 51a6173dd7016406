/**
 * The service on either runtime, behind an emulated upstream. Tests of clients can kill it and start it
 * again.
 */
import { DenoWorld, newKey } from '../deno/deno-process.ts';
import { freePort } from '../support/free-port.ts';
import { openWorld } from '../support/on-workerd.ts';
import { type Scripts, answers } from './live-flow.ts';

export interface RestartableService extends Scripts {
  /** Does not change when the service is restarted. */
  readonly url: URL;
  readonly apiKey: string;
  /** Kills the service as a crash would, and starts it again with the same store. */
  restart(): Promise<void>;
  /** The statuses of the requests for this execution, in order. */
  answers(id: string): number[];
  close(): Promise<void>;
}

async function startOnWorkerd(): Promise<RestartableService> {
  const world = await openWorld();
  return {
    url: world.url,
    apiKey: await world.key(),
    script: (...given) => world.script(...given),
    restart: () => world.workerd.restart(),
    answers: (id) => answers(world.lines, id),
    close: () => world.close(),
  };
}

async function startOnDeno(): Promise<RestartableService> {
  const world = await DenoWorld.create();
  const processes = [await world.start({ PORT: String(await freePort()) })];
  const url = new URL(processes[0]?.url ?? '');
  return {
    url,
    apiKey: await newKey(url.href),
    script: (...given) => world.script(...given),
    restart: async () => {
      await processes.at(-1)?.kill();
      processes.push(await world.start({ PORT: url.port }));
    },
    answers: (id) =>
      answers(
        processes.flatMap(({ log }) => log).map((line) => JSON.stringify(line)),
        id,
      ),
    close: () => world.end(),
  };
}

export const RUNTIMES = { workerd: startOnWorkerd, Deno: startOnDeno };

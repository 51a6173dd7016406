/**
 * The Worker as it would be deployed, in workerd, before an upstream, all on sockets: what tests from outside and the
 * benchmarks start. What they then ask of it is theirs.
 */
import { type EmulatorServer, startEmulatorServer } from '../../src/emulator/node-server.ts';
import { type LocalWorkerd, startWorkerd } from '../../src/local/workerd.ts';
import type { Statistics } from '../../src/emulator/call-statistics.ts';
import { ADMIN_TOKEN, SIGNING_SECRET } from './secret-patterns.ts';

/** What the Worker signs with; whatever upstream there is knows them. */
export const UPSTREAM_CREDENTIALS = {
  accessKeyId: 'AKIAUPSTREAM',
  secretAccessKey: 'the secret of the upstream',
};

type Vars = Readonly<Record<string, string>>;

/** The lines are all that the Worker has logged. */
export async function startBefore(
  upstreamUrl: string,
  vars: Vars = {},
): Promise<{ workerd: LocalWorkerd; lines: string[] }> {
  const lines: string[] = [];
  const workerd = await startWorkerd({
    vars: {
      AWS_REGION: 'us-west-2',
      AWS_ACCESS_KEY_ID: UPSTREAM_CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: UPSTREAM_CREDENTIALS.secretAccessKey,
      AWS_ENDPOINT_URL_IOTTHINGSGRAPH: upstreamUrl,
      SIGNING_SECRET,
      ADMIN_TOKEN,
      ...vars,
    },
    onLog: (line) => lines.push(line),
  });
  return { workerd, lines };
}

/** The Worker and the emulator that it reads from. */
export class BeforeEmulator {
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

  /** Tells the emulator what to have and what to do wrong; src/emulator/control.ts says how. */
  async control(path: string, body: unknown): Promise<void> {
    const request = new Request(`${this.emulator.url}/_emulator${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
    });
    const response = await this.emulator.emulator.fetch(request);
    if (!response.ok) throw new Error(await response.text());
  }

  async close(): Promise<void> {
    await this.workerd.stop();
    await this.emulator.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** `Kind`: a subclass with what its tests ask again and again. `varsFor`: settings beyond those for Things Graph. */
export async function startBeforeEmulator<T extends BeforeEmulator>(
  Kind: new (...parts: ConstructorParameters<typeof BeforeEmulator>) => T,
  varsFor: (emulatorUrl: string) => Vars = () => ({}),
): Promise<T> {
  const emulator = await startEmulatorServer({ port: 0, credentials: UPSTREAM_CREDENTIALS });
  try {
    const { workerd, lines } = await startBefore(emulator.url, varsFor(emulator.url));
    return new Kind(emulator, workerd, lines);
  } catch (error) {
    await emulator.close();
    throw error;
  }
}

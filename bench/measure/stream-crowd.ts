/** Many open event streams, held by a separate process (load/stream-clients.ts). */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

export interface StreamOf {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

export type CrowdRequest =
  | {
      readonly do: 'open';
      readonly host: string;
      readonly port: number;
      /** A stream counts as open when it has sent this text. */
      readonly opens: string;
      readonly streams: readonly StreamOf[];
    }
  | { readonly do: 'expect'; readonly marker: string };

export type CrowdAnswer =
  | { readonly did: 'open' }
  /** The child process now searches for the marker. */
  | { readonly did: 'expect' }
  /** The arrival time on each stream, in milliseconds since the epoch. */
  | { readonly did: 'arrive'; readonly atMs: readonly number[] }
  | { readonly did: 'fail'; readonly reason: string };

export interface CrowdOptions {
  readonly url: URL;
  readonly opens: string;
  readonly streams: readonly StreamOf[];
}

export class StreamCrowd {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Resolves when all streams are open. */
  static async open({ url, opens, streams }: CrowdOptions): Promise<StreamCrowd> {
    const child = fork(join(import.meta.dirname, '../load/stream-clients.ts'));
    const crowd = new StreamCrowd(child);
    const request = { do: 'open' as const, host: url.hostname, port: Number(url.port), opens, streams };
    await crowd.#ask(request, 'open');
    return crowd;
  }

  /** Sends a message. Resolves with its arrival time on each stream, in milliseconds since the epoch. */
  async arrivals(marker: string, send: () => Promise<unknown>): Promise<readonly number[]> {
    await this.#ask({ do: 'expect', marker }, 'expect');
    const arrived = this.#next('arrive');
    await send();
    return (await arrived).atMs;
  }

  async close(): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.disconnect();
    await exited;
  }

  #ask<D extends CrowdAnswer['did']>(request: CrowdRequest, did: D) {
    const answered = this.#next(did);
    this.#child.send(request);
    return answered;
  }

  #next<D extends CrowdAnswer['did']>(did: D): Promise<Extract<CrowdAnswer, { did: D }>> {
    return new Promise((resolve, reject) => {
      const read = (answer: CrowdAnswer) => {
        // Safety: `did` discriminates the answers.
        if (answer.did === did) resolve(answer as Extract<CrowdAnswer, { did: D }>);
        else if (answer.did === 'fail') reject(new Error(answer.reason));
        else return;
        this.#child.off('message', read);
      };
      this.#child.on('message', read);
    });
  }
}

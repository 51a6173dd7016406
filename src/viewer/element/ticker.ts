/** Renders an element again and again while an execution runs, so that bars and durations grow. */
import type { ReactiveController, ReactiveControllerHost } from 'lit';

const TICK_MS = 250;
/** The interval for readers who prefer reduced motion. */
const CALM_TICK_MS = 1_000;

export class Ticker implements ReactiveController {
  readonly #host: ReactiveControllerHost;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(host: ReactiveControllerHost) {
    this.#host = host;
    host.addController(this);
  }

  run(isRunning: boolean): void {
    if (!isRunning) this.hostDisconnected();
    else this.#timer ??= setInterval(() => this.#host.requestUpdate(), tickMs());
  }

  hostDisconnected(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

const tickMs = (): number =>
  globalThis.matchMedia('(prefers-reduced-motion: reduce)').matches ? CALM_TICK_MS : TICK_MS;

/** One execution with one or many subscribers: the delay of messages while it is active, and after a silence. */
import { history } from '../measure/histories.ts';
import { messagesPath } from '../measure/page-requests.ts';
import { StreamCrowd } from '../measure/stream-crowd.ts';
import { wait } from '../measure/wait.ts';
import { type BenchKey, Flowtap } from '../served/flowtap.ts';

const ACTIVE_SECONDS_MAX = 1.25;
const IDLE_SECONDS_MAX = 3.5;
/** The number of silent executions with one subscriber each. Each of them yields one delay. */
const SILENT = 6;

export interface DelayNumbers {
  readonly name: string;
  /** In ascending order. A delay ends when the last subscriber gets the message. */
  readonly delaysMs: readonly number[];
  readonly atMostSeconds: number;
}

export async function followOne(many: number, silenceMs: number): Promise<DelayNumbers[]> {
  const service = await Flowtap.start({ served: 'bare' });
  try {
    const keys = await service.keys(Math.ceil(many / 10), 'full');
    const active = async (subscribers: number): Promise<DelayNumbers> => {
      const crowd = await follow(service, `active-${subscribers}`, keys, subscribers);
      const delaysMs: number[] = [];
      const untilMs = Date.now() + silenceMs;
      for (let n = 0; Date.now() < untilMs; n++) {
        // The first message only makes the execution active. Its delay is not recorded.
        const delayMs = await delayOf(service, crowd, `active-${subscribers}`, `message-${n}.`);
        if (n > 0) delaysMs.push(delayMs);
        await wait(150 + ((n * 1237) % 1500));
      }
      await crowd.close();
      return named(`active, ${subscribers} subscribers`, delaysMs, ACTIVE_SECONDS_MAX);
    };
    const idle = async (subscribers: number, executions: number): Promise<DelayNumbers> => {
      const delaysMs = await Promise.all(
        Array.from({ length: executions }, async (_, n) => {
          const id = `idle-${subscribers}-${n}`;
          const crowd = await follow(service, id, keys, subscribers);
          await wait(silenceMs + n * 1300);
          const delayMs = await delayOf(service, crowd, id, 'message.');
          await crowd.close();
          return delayMs;
        }),
      );
      return named(`idle, ${subscribers} subscribers`, delaysMs, IDLE_SECONDS_MAX);
    };
    return await Promise.all([active(1), active(many), idle(1, SILENT), idle(many, 1)]);
  } finally {
    await service.stop();
  }
}

const named = (name: string, delaysMs: number[], atMostSeconds: number): DelayNumbers => ({
  name,
  delaysMs: delaysMs.sort((a, b) => a - b),
  atMostSeconds,
});

async function follow(service: Flowtap, id: string, keys: readonly BenchKey[], subscribers: number) {
  await service.script(id, history(3, false));
  const streams = Array.from({ length: subscribers }, (_, n) => ({
    path: messagesPath(id, '?from=now'),
    headers: { 'x-api-key': keys[n % keys.length]?.text ?? '' },
  }));
  return StreamCrowd.open({ url: service.url, opens: 'event: caught-up', streams });
}

/** Sends a message. Returns the time from its appearance upstream until the last subscriber has it. */
async function delayOf(service: Flowtap, crowd: StreamCrowd, id: string, marker: string): Promise<number> {
  let shownAtMs = 0;
  const atMs = await crowd.arrivals(marker, async () => {
    const message = { messageId: marker, eventType: 'STEP_STARTED', payload: 'x'.repeat(300) };
    await service.append(id, [message]);
    shownAtMs = Date.now();
  });
  return Math.max(...atMs) - shownAtMs;
}

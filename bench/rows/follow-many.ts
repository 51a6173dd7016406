/**
 * Many executions with one subscriber each: the delay of the first message after a silence, and the CPU and memory that
 * following costs.
 */
import { history } from '../measure/histories.ts';
import { load } from '../measure/load.ts';
import { messagesPath, rotate } from '../measure/page-requests.ts';
import { cpuMicros, residentKib } from '../measure/process-usage.ts';
import { StreamCrowd } from '../measure/stream-crowd.ts';
import { wait } from '../measure/wait.ts';
import { Flowtap, inTurn } from '../served/flowtap.ts';

/** The bursts of messages start at times spread over the longest poll interval. */
const BURSTS_MS = 15_000;
const BURST_MESSAGES = 5;
const STREAMS_OF_A_KEY = 10;

export interface CrowdNumbers {
  readonly executions: number;
  /** In ascending order. */
  readonly delaysMs: readonly number[];
  readonly kibOfAnExecution: number;
  /** Average over the silence and the bursts. */
  readonly percentOfACore: number;
}

export async function followMany(executions: number, silenceMs: number): Promise<CrowdNumbers> {
  const service = await Flowtap.start({ served: 'bare' });
  try {
    const keys = await service.keys(Math.ceil(executions / STREAMS_OF_A_KEY), 'full');
    const ids = Array.from({ length: executions }, (_, n) => `followed-${n}`);
    await inTurn(executions, (n) => service.script(ids[n] ?? '', history(3, false)));
    const streams = ids.map((id, n) => ({
      path: messagesPath(id, '?from=now'),
      headers: { 'x-api-key': keys[n % keys.length]?.text ?? '' },
    }));
    const one = { url: service.url, opens: 'event: caught-up' };
    // The service first serves pages and follows one execution, so that the base cost of a busy isolate is excluded.
    await service.script('first', history(3, false));
    const [key] = keys;
    const pages = key ? rotate([messagesPath('first')], [key]) : [];
    await load({ url: service.url, pid: service.pid, requests: pages, seconds: 1 });
    const first = await StreamCrowd.open({
      ...one,
      streams: [{ path: messagesPath('first'), headers: streams[0]?.headers ?? {} }],
    });
    const kibBefore = residentKib(service.pid);
    const crowd = await StreamCrowd.open({ ...one, streams });
    const [openedAtMs, cpuBefore] = [Date.now(), cpuMicros(service.pid)];
    await wait(silenceMs);
    const shownAtMs: number[] = [];
    const arrivedAtMs = await crowd.arrivals('burst-0.', async () => {
      const beganMs = Date.now();
      await inTurn(executions, async (n) => {
        const afterMs = Math.max(0, beganMs + (n * BURSTS_MS) / executions - Date.now());
        shownAtMs[n] = Date.now() + afterMs;
        await service.append(ids[n] ?? '', burst(afterMs));
      });
    });
    const percentOfACore = (cpuMicros(service.pid) - cpuBefore) / ((Date.now() - openedAtMs) * 10);
    const kibOfAnExecution = (residentKib(service.pid) - kibBefore) / executions;
    await Promise.all([first.close(), crowd.close()]);
    const delaysMs = arrivedAtMs.map((atMs, n) => atMs - (shownAtMs[n] ?? NaN)).sort((a, b) => a - b);
    return { executions, delaysMs, kibOfAnExecution, percentOfACore };
  } finally {
    await service.stop();
  }
}

const burst = (afterMs: number) =>
  Array.from({ length: BURST_MESSAGES }, (_, n) => ({
    messageId: `burst-${n}.`,
    eventType: 'STEP_STARTED',
    payload: 'x'.repeat(300),
    afterMs,
  }));

/** Rows 5 to 8: a thousand streams of one execution, compared with a bare Durable Object and with nginx and nchan. */
import { hasNchan, startNchan } from '../peers/nchan.ts';
import { cpuMicros, residentKib } from '../measure/process-usage.ts';
import { alternate } from '../measure/rounds.ts';
import type { Effort, Row, RowReport } from '../measure/row.ts';
import { ratioOf, spreadOf } from '../measure/spread.ts';
import { StreamCrowd, type StreamOf } from '../measure/stream-crowd.ts';
import { wait } from '../measure/wait.ts';
import { messagesPath } from '../measure/page-requests.ts';
import { history } from '../measure/histories.ts';
import { Flowtap } from '../served/flowtap.ts';
import { startWorker } from '../served/worker.ts';

const OURS = 'Flowtap';
const BARE = 'bare Durable Object';
const NCHAN = 'nginx with nchan';
/** Streams per key. An execution keeps its last 250 slots for tenants that hold fewer than ten. */
const STREAMS_OF_A_KEY = 10;
/**
 * The interval between two messages, as in a busy execution. The CPU time per delivery includes polls and timers in
 * this interval.
 */
const EVERY_MS = 1000;

interface Sample {
  readonly spreadMs: number;
  readonly deliveryMicros: number;
  readonly streamKib: number;
  readonly openMicros: number;
}

interface FanOut {
  readonly url: URL;
  readonly pid: number;
  readonly opens: string;
  readonly streams: readonly StreamOf[];
  readonly send: (marker: string) => Promise<unknown>;
  readonly stop: () => Promise<unknown>;
}

async function startOurs(streams: number): Promise<FanOut> {
  const service = await Flowtap.start({ served: 'bare' });
  const keys = await service.keys(Math.ceil(streams / STREAMS_OF_A_KEY), 'full');
  const id = 'fan-out';
  await service.script(id, history(3, false));
  const send = (marker: string) =>
    service.append(id, [{ messageId: marker, eventType: 'STEP_STARTED', payload: 'x'.repeat(300) }]);
  const path = messagesPath(id, '?from=now');
  return {
    url: service.url,
    pid: service.pid,
    opens: 'event: caught-up',
    streams: Array.from({ length: streams }, (_, n) => ({
      path,
      headers: { 'x-api-key': keys[n % keys.length]?.text ?? '' },
    })),
    send,
    stop: () => service.stop(),
  };
}

const frame = (marker: string) =>
  `data: {"messageId":"${marker}","eventType":"STEP_STARTED","payload":"${'x'.repeat(300)}"}\n\n`;

async function startBare(streams: number): Promise<FanOut> {
  const { url, pid, stop } = await startWorker({ entry: 'bench/peers/fan-out.workers.ts' });
  return {
    url,
    pid,
    opens: 'retry:',
    streams: Array.from({ length: streams }, () => ({ path: '/', headers: {} })),
    send: (marker) => fetch(url, { method: 'POST', body: frame(marker) }),
    stop,
  };
}

async function startOfNchan(streams: number): Promise<FanOut> {
  const { url, pid, stop } = await startNchan();
  const publish = new URL('/publish', url);
  return {
    url,
    pid,
    opens: 'HTTP/1.1 200',
    streams: Array.from({ length: streams }, () => ({ path: '/', headers: {} })),
    send: (marker) => fetch(publish, { method: 'POST', body: frame(marker).slice('data: '.length, -2) }),
    stop,
  };
}

/** Starts a new server process for each round, so that no round inherits memory from the previous one. */
async function fanOut(start: (streams: number) => Promise<FanOut>, effort: Effort): Promise<Sample> {
  const { streams } = effort;
  const peer = await start(streams);
  try {
    // One stream is open before the measurement, so that one-time costs of the first stream are excluded.
    const first = await StreamCrowd.open({ ...peer, streams: peer.streams.slice(0, 1) });
    const [cpuBefore, kibBefore] = [cpuMicros(peer.pid), residentKib(peer.pid)];
    const crowd = await StreamCrowd.open({ ...peer, streams: peer.streams.slice(1) });
    const openMicros = (cpuMicros(peer.pid) - cpuBefore) / (streams - 1);
    const spreads: number[] = [];
    const messages = effort.quick ? 3 : 8;
    // The first message warms up every stream.
    await crowd.arrivals('warm-up.', () => peer.send('warm-up.'));
    const cpuOpen = cpuMicros(peer.pid);
    for (let n = 0; n < messages; n++) {
      const marker = `message-${n}.`;
      const beganMs = Date.now();
      const atMs = await crowd.arrivals(marker, () => peer.send(marker));
      spreads.push(Math.max(...atMs) - Math.min(...atMs));
      await wait(Math.max(0, EVERY_MS - (Date.now() - beganMs)));
    }
    const deliveryMicros = (cpuMicros(peer.pid) - cpuOpen) / (messages * streams);
    const streamKib = (residentKib(peer.pid) - kibBefore) / (streams - 1);
    await Promise.all([first.close(), crowd.close()]);
    return { spreadMs: spreadOf(spreads).median, deliveryMicros, streamKib, openMicros };
  } finally {
    await peer.stop();
  }
}

async function measure(effort: Effort): Promise<RowReport> {
  const sides = [
    { name: BARE, measure: () => fanOut(startBare, effort) },
    { name: OURS, measure: () => fanOut(startOurs, effort) },
    ...(hasNchan() ? [{ name: NCHAN, measure: () => fanOut(startOfNchan, effort) }] : []),
  ];
  const samples = await alternate(sides, effort.rounds);
  const numbers = (name: string, of: keyof Sample) => (samples.get(name) ?? []).map((sample) => sample[of]);
  const ratio = (row: number, measured: string, of: keyof Sample, atMost: number) => ({
    row,
    measured: `${OURS}: ${measured}`,
    against: BARE,
    value: ratioOf(numbers(OURS, of), numbers(BARE, of)),
    unit: '×' as const,
    atMost,
  });
  return {
    title: `${effort.streams} streams of one execution, a message each second`,
    sides: [...samples.keys()].map((name) => ({
      name,
      numbers: {
        'first to last ms': spreadOf(numbers(name, 'spreadMs')),
        'CPU µs/delivery': spreadOf(numbers(name, 'deliveryMicros')),
        'KiB/stream': spreadOf(numbers(name, 'streamKib')),
        'CPU µs/opened stream': spreadOf(numbers(name, 'openMicros')),
      },
    })),
    verdicts: [
      ratio(5, 'first to last arrival', 'spreadMs', 1.2),
      ratio(6, 'CPU per delivery, polls included', 'deliveryMicros', 2.5),
      ratio(7, 'memory per open stream', 'streamKib', 2.1),
      ratio(8, 'CPU to open a stream', 'openMicros', 2),
    ],
  };
}

export const fanOutRows: Row = { rows: [5, 6, 7, 8], measure };

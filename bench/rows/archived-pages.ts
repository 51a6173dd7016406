/** Rows 1 and 2: archived pages of 100 messages, compared with a Worker that returns equally many bytes from memory. */
import { alternate } from '../measure/rounds.ts';
import { history } from '../measure/histories.ts';
import { load } from '../measure/load.ts';
import { loadNumbers, loadRatio } from '../measure/load-numbers.ts';
import { PAGE_MESSAGES, PAGES, bodiesOf, pagesOf, rotate, warmUp } from '../measure/page-requests.ts';
import type { LoadRequest } from '../measure/request-file.ts';
import type { Effort, Row, RowReport } from '../measure/row.ts';
import { type BenchKey, Flowtap, inTurn } from '../served/flowtap.ts';
import { startWorker } from '../served/worker.ts';

/** With this many executions, the pages of all levels of access fit into the cache in memory (24 MiB). */
const IN_MEMORY = 80;
/** With this many executions, the pages are about twice as large as that cache. */
const BEYOND_MEMORY = 200;
const KEYS = 20;
const NAMES = {
  all: 'Flowtap',
  errors: 'Flowtap, `REQUEST_LOG=errors`',
  beyond: 'Flowtap, beyond its memory',
  start: 'Flowtap as `npm start` serves it',
  bare: 'bare Hono Worker',
  logged: 'bare Hono Worker, one SHA-256, one log line',
  routed: 'bare Hono Worker behind the asset router',
} as const;

interface Serving {
  readonly service: Flowtap;
  readonly keys: readonly BenchKey[];
  readonly few: readonly LoadRequest[];
  readonly many: readonly LoadRequest[];
}

async function serve(options: Parameters<typeof Flowtap.start>[0], executions: number): Promise<Serving> {
  const service = await Flowtap.start(options);
  const keys = await service.keys(KEYS);
  const ids = Array.from({ length: executions }, (_, n) => `archived-${n}`);
  const messages = history(PAGES * PAGE_MESSAGES + 1, true);
  await inTurn(ids.length, (n) => service.archive(ids[n] ?? '', messages));
  // Each service signs its own cursors, so the paths of one service are not valid for another.
  const [key] = keys;
  const paths = key ? await pagesOf(service, ids, key) : [];
  const few = paths.slice(0, IN_MEMORY * PAGES);
  await warmUp(service, few, keys);
  return { service, keys, few: rotate(few, keys), many: rotate(paths, keys) };
}

async function measure({ rounds, seconds, quick }: Effort): Promise<RowReport> {
  const executions = quick ? 10 : IN_MEMORY;
  const all = await serve({ served: 'bare' }, quick ? executions : BEYOND_MEMORY);
  const errors = await serve({ served: 'bare', settings: { REQUEST_LOG: 'errors' } }, executions);
  const start = await serve({ served: 'npm start' }, executions);
  const BODIES = JSON.stringify(await bodiesOf(all.service, all.few[0]?.path ?? '', all.keys));
  const entry = 'bench/peers/bare.workers.ts';
  const bare = await startWorker({ entry, vars: { BODIES, HASH_AND_LOG: 'no' } });
  const logged = await startWorker({ entry, vars: { BODIES, HASH_AND_LOG: 'yes' } });
  const routed = await startWorker({ entry, vars: { BODIES, HASH_AND_LOG: 'no' }, assetRouter: true });
  try {
    const side = (
      name: string,
      { url, pid }: { url: URL; pid: number },
      requests: readonly LoadRequest[],
    ) => ({
      name,
      measure: () => load({ url, pid, requests, seconds }),
    });
    const sides = [
      side(NAMES.bare, bare, all.few),
      side(NAMES.all, all.service, all.few),
      side(NAMES.logged, logged, all.few),
      side(NAMES.errors, errors.service, errors.few),
      side(NAMES.start, start.service, start.few),
      side(NAMES.routed, routed, all.few),
    ];
    // An unrecorded round that warms each side up, so that every page is in memory.
    await alternate(sides, 1);
    const loaded = await alternate(sides, rounds);
    if (!quick) {
      const beyond = [side(NAMES.beyond, all.service, all.many)];
      for (const [name, results] of await alternate(beyond, rounds)) loaded.set(name, results);
    }
    const rate = (ours: string, theirs: string) => loadRatio(loaded, 'perSecond', ours, theirs);
    const { all: ours, bare: theirs } = NAMES;
    const cpu = loadRatio(loaded, 'cpuMicros', ours, theirs);
    return {
      title: 'Archived pages of 100 messages, 32 connections',
      sides: loadNumbers(loaded),
      verdicts: [
        {
          row: 1,
          measured: `${ours}: rate`,
          against: theirs,
          value: rate(ours, theirs),
          unit: '×',
          atLeast: 0.4,
        },
        { row: 1, measured: `${ours}: CPU`, against: theirs, value: cpu, unit: '×', atMost: 2.5 },
        {
          row: 1,
          measured: `${NAMES.errors}: rate`,
          against: theirs,
          value: rate(NAMES.errors, theirs),
          unit: '×',
          atLeast: 0.6,
        },
        {
          row: 1,
          measured: `${ours}: rate`,
          against: NAMES.logged,
          value: rate(ours, NAMES.logged),
          unit: '×',
          atLeast: 0.75,
        },
        {
          row: 2,
          measured: `${NAMES.start}: rate`,
          against: theirs,
          value: rate(NAMES.start, theirs),
          unit: '×',
          atLeast: 0.08,
        },
      ],
    };
  } finally {
    await Promise.all([all, errors, start].map(({ service }) => service.stop()));
    await Promise.all([bare, logged, routed].map(({ stop }) => stop()));
  }
}

export const archivedPages: Row = { rows: [1, 2], measure };

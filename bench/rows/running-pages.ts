/** Row 3: pages of running executions, compared with a Worker that forwards each request to an upstream. */
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { alternate } from '../measure/rounds.ts';
import { history } from '../measure/histories.ts';
import { load } from '../measure/load.ts';
import { loadNumbers, loadRatio } from '../measure/load-numbers.ts';
import { PAGE_MESSAGES, PAGES, bodiesOf, pagesOf, rotate } from '../measure/page-requests.ts';
import type { LoadRequest } from '../measure/request-file.ts';
import type { Effort, Row, RowReport } from '../measure/row.ts';
import { Flowtap } from '../served/flowtap.ts';
import { startWorker } from '../served/worker.ts';

/**
 * An execution costs one upstream call a second while it is read. So ten executions stay within the budget of 30 calls
 * a second.
 */
const EXECUTIONS = 10;
const KEYS = 20;
const OURS = 'Flowtap';
const STARTED = 'Flowtap as `npm start` serves it';
const PEER = 'bare pass-through';

async function serve(served: 'bare' | 'npm start') {
  const service = await Flowtap.start({ served });
  const keys = await service.keys(KEYS);
  const ids = Array.from({ length: EXECUTIONS }, (_, n) => `running-${n}`);
  for (const id of ids) await service.script(id, history(PAGES * PAGE_MESSAGES + 1, false));
  const [key] = keys;
  return { service, keys, requests: rotate(key ? await pagesOf(service, ids, key) : [], keys) };
}

async function measure({ rounds, seconds }: Effort): Promise<RowReport> {
  const ours = await serve('bare');
  const started = await serve('npm start');
  const bodies = await bodiesOf(ours.service, ours.requests[0]?.path ?? '', ours.keys);
  const upstream = createServer((request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(Object.entries(bodies).find(([level]) => level === request.headers['x-bench-level'])?.[1]);
  }).listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  // Safety: a server that listens on a host has an address of this shape.
  const { port } = upstream.address() as AddressInfo;
  const entry = 'bench/peers/pass-through.workers.ts';
  const peer = await startWorker({ entry, vars: { UPSTREAM: `http://127.0.0.1:${port}` } });
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
      side(PEER, peer, ours.requests),
      side(OURS, ours.service, ours.requests),
      side(STARTED, started.service, started.requests),
    ];
    await alternate(sides, 1);
    const loaded = await alternate(sides, rounds);
    return {
      title: 'Pages of 100 messages of running executions, 32 connections',
      sides: loadNumbers(loaded),
      verdicts: [
        {
          row: 3,
          measured: `${OURS}: rate`,
          against: PEER,
          value: loadRatio(loaded, 'perSecond', OURS, PEER),
          unit: '×',
          atLeast: 0.9,
        },
      ],
    };
  } finally {
    await Promise.all([ours.service.stop(), started.service.stop(), peer.stop()]);
    upstream.closeAllConnections();
    upstream.close();
  }
}

export const runningPages: Row = { rows: [3], measure };

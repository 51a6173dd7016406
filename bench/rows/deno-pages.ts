/** Row 4: archived pages on Deno, compared with Express and the AWS SDK, and with bare Hono on Deno. */
import { alternate } from '../measure/rounds.ts';
import { history } from '../measure/histories.ts';
import { load } from '../measure/load.ts';
import { loadNumbers, loadRatio } from '../measure/load-numbers.ts';
import {
  PAGE_MESSAGES,
  PAGES,
  bodiesOf,
  messagesPath,
  pagesOf,
  rotate,
  warmUp,
} from '../measure/page-requests.ts';
import type { LoadRequest } from '../measure/request-file.ts';
import type { Effort, Row, RowReport } from '../measure/row.ts';
import { startDeno } from '../served/deno.ts';
import { Flowtap, UPSTREAM_CREDENTIALS, inTurn } from '../served/flowtap.ts';
import { startProcess } from '../served/process.ts';

const EXECUTIONS = 80;
/** Enough keys that none reaches its rate limit. On Deno the service itself allows a key 1,000 requests in 10 s. */
const KEYS = 260;
const OURS = 'Flowtap on Deno';
const EXPRESS = 'Express, AWS SDK, Map (Node)';
const BARE = 'bare Hono on Deno';

async function measure({ rounds, seconds, quick }: Effort): Promise<RowReport> {
  const service = await Flowtap.start({ served: 'deno' });
  const keys = await service.keys(quick ? KEYS / 4 : KEYS);
  const ids = Array.from({ length: quick ? 10 : EXECUTIONS }, (_, n) => `archived-${n}`);
  const messages = history(PAGES * PAGE_MESSAGES + 1, true);
  await inTurn(ids.length, (n) => service.archive(ids[n] ?? '', messages));
  for (const id of ids) await service.script(id, messages);
  const [key] = keys;
  const paths = key ? await pagesOf(service, ids, key) : [];
  await warmUp(service, paths, keys);
  const ours = rotate(paths, keys);
  const BODIES = JSON.stringify(await bodiesOf(service, ours[0]?.path ?? '', keys.slice(0, 3)));
  const bare = await startDeno({ entry: 'bench/peers/bare.deno.ts', settings: { BODIES } });
  const express = await startProcess(process.execPath, ['bench/peers/express.js'], {
    KEYS: keys.map(({ text }) => text).join(),
    UPSTREAM: service.upstream.url,
    KEY_ID: UPSTREAM_CREDENTIALS.accessKeyId,
    SECRET: UPSTREAM_CREDENTIALS.secretAccessKey,
  });
  try {
    const firstPages = ids.map((id) => messagesPath(id));
    // Express has only one level of access, and its page tokens are the upstream's. So it serves the first page of
    // each execution, with all payloads.
    const theirs = rotate(firstPages, keys);
    const side = (
      name: string,
      { url, pid }: { url: URL; pid: number },
      requests: readonly LoadRequest[],
    ) => ({
      name,
      measure: () => load({ url, pid, requests, seconds }),
    });
    const sides = [side(BARE, bare, ours), side(OURS, service, ours), side(EXPRESS, express, theirs)];
    await alternate(sides, 1);
    const loaded = await alternate(sides, rounds);
    const rate = (against: string, atLeast: number) => ({
      row: 4,
      measured: `${OURS}: rate`,
      against,
      value: loadRatio(loaded, 'perSecond', OURS, against),
      unit: '×' as const,
      atLeast,
    });
    return {
      title: 'Archived pages of 100 messages on Deno, 32 connections',
      sides: loadNumbers(loaded),
      verdicts: [rate(EXPRESS, 4), rate(BARE, 0.2)],
    };
  } finally {
    await Promise.all([service.stop(), bare.stop(), express.stop()]);
  }
}

export const denoPages: Row = { rows: [4], measure };

/** Row 9: a history of 10,000 messages that one client reads, as an event stream and as JSON pages of 250. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { history } from '../measure/histories.ts';
import { getJson, messagesPath } from '../measure/page-requests.ts';
import { cpuMicros } from '../measure/process-usage.ts';
import { type LoadRequest, withRequestFile } from '../measure/request-file.ts';
import { alternate } from '../measure/rounds.ts';
import type { Effort, Row, RowReport } from '../measure/row.ts';
import { ratioOf, spreadOf } from '../measure/spread.ts';
import { type BenchKey, Flowtap } from '../served/flowtap.ts';

const run = promisify(execFile);
const READER = join(import.meta.dirname, '../load/reader.ts');
const MESSAGES = 10_000;
const PAGE = 250;
/** In each round, the history is read this many times in sequence. */
const TIMES = 5;

interface Reading {
  readonly messagesPerSecond: number;
  readonly cpuMicros: number;
}

async function read(service: Flowtap, requests: readonly LoadRequest[]): Promise<Reading> {
  const before = cpuMicros(service.pid);
  const { stdout } = await withRequestFile(requests, (file) =>
    run(process.execPath, [READER, service.url.href, file, String(TIMES)]),
  );
  const used = cpuMicros(service.pid) - before;
  // Safety: reader.ts prints an array of numbers.
  const ms = spreadOf(JSON.parse(stdout) as number[]).median;
  return { messagesPerSecond: (MESSAGES * 1000) / ms, cpuMicros: used / (MESSAGES * TIMES) };
}

async function pageRequests(service: Flowtap, id: string, key: BenchKey): Promise<LoadRequest[]> {
  const requests: LoadRequest[] = [];
  for (let next: string | undefined = ''; next !== undefined;) {
    const path = messagesPath(id, `?maxResults=${PAGE}${next && `&nextToken=${next}`}`);
    requests.push({ path, headers: { 'X-API-Key': key.text } });
    ({ nextToken: next } = await getJson<{ nextToken?: string }>(service, path, key));
    if (requests.length * PAGE >= MESSAGES) break;
  }
  return requests;
}

async function measure({ rounds }: Effort): Promise<RowReport> {
  const service = await Flowtap.start({ served: 'bare' });
  try {
    const [key] = await service.keys(1, 'full');
    if (key === undefined) throw new Error('Cannot create a key');
    await service.archive('archived', history(MESSAGES, true));
    await service.script('running', history(MESSAGES, false));
    const sides = [];
    for (const id of ['archived', 'running']) {
      const pages = await pageRequests(service, id, key);
      const headers = { 'X-API-Key': key.text, Accept: 'text/event-stream' };
      const stream = [{ path: messagesPath(id), headers }];
      sides.push({ name: `${id}: pages of ${PAGE}`, measure: () => read(service, pages) });
      sides.push({ name: `${id}: event stream`, measure: () => read(service, stream) });
    }
    await alternate(sides, 1);
    const samples = await alternate(sides, rounds);
    const numbers = (name: string, of: keyof Reading) => (samples.get(name) ?? []).map((one) => one[of]);
    return {
      title: `A history of ${MESSAGES.toLocaleString('en-US')} messages, read by one client`,
      sides: [...samples.keys()].map((name) => ({
        name,
        numbers: {
          'messages/s': spreadOf(numbers(name, 'messagesPerSecond')),
          'CPU µs/message': spreadOf(numbers(name, 'cpuMicros')),
        },
      })),
      verdicts: ['archived', 'running'].map((id) => {
        const [ours, theirs] = [`${id}: event stream`, `${id}: pages of ${PAGE}`];
        const value = ratioOf(numbers(ours, 'messagesPerSecond'), numbers(theirs, 'messagesPerSecond'));
        return { row: 9, measured: `${ours}: rate`, against: theirs, value, unit: '×', atLeast: 1 };
      }),
    };
  } finally {
    await service.stop();
  }
}

export const replayRow: Row = { rows: [9], measure };

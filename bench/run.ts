/** `npm run bench`: all benchmarks, one after the other, as a table. How they measure: README.md. */
import { cpus } from 'node:os';

import { afterIdling, whileMessagesArrive } from './latency.ts';
import { openWorld } from '../test/support/on-workerd.ts';
import { runningPages, settledPages } from './throughput.ts';

const quantile = (sorted: readonly number[], q: number): string =>
  Math.round(sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? NaN).toString();

const row = (...cells: readonly string[]) => console.log(`| ${cells.join(' | ')} |`);

const service = await openWorld();
try {
  console.log(`${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, Node ${process.versions.node}\n`);
  row(
    'a message reaches its subscribers',
    'subscribers',
    'messages',
    'p50 ms',
    'p99 ms',
    'max ms',
    'bound ms',
  );
  row('---', '--:', '--:', '--:', '--:', '--:', '--:');
  for (const [measure, boundMs] of [
    [whileMessagesArrive, 1_250],
    [afterIdling, 3_500],
  ] as const) {
    for (const subscribers of [1, 500]) {
      const { name, messages, latenciesMs } = await measure(service, subscribers);
      const numbers = [0.5, 0.99, 1].map((q) => quantile(latenciesMs, q));
      row(name, String(subscribers), String(messages), ...numbers, String(boundMs));
    }
  }
  console.log();
  row('pages', 'a second', 'p50 ms', 'p99 ms');
  row('---', '--:', '--:', '--:');
  for (const measure of [settledPages, runningPages]) {
    const { name, pagesPerSecond, latenciesMs } = await measure(service);
    row(name, pagesPerSecond.toFixed(0), quantile(latenciesMs, 0.5), quantile(latenciesMs, 0.99));
  }
} finally {
  await service.close();
}

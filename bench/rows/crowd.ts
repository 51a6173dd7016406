/**
 * Rows 10 and 11: the delay of messages, by the number of followed executions (10) and of subscribers of one execution
 * (11). Three services are measured at the same time. They hardly disturb each other, because the delays consist almost
 * only of poll intervals.
 */
import type { Effort, Row, RowReport } from '../measure/row.ts';
import { type CrowdNumbers, followMany } from './follow-many.ts';
import { followOne } from './follow-one.ts';
import { type Spread, quantile, spreadOf } from '../measure/spread.ts';

const same = (value: number): Spread => spreadOf([value]);

async function measure({ quick }: Effort): Promise<RowReport> {
  const silenceMs = quick ? 12_000 : 45_000;
  const [few, many, one] = await Promise.all([
    followMany(20, silenceMs),
    followMany(quick ? 60 : 300, silenceMs),
    followOne(quick ? 100 : 500, silenceMs),
  ]);
  const crowd = ({ executions, delaysMs, kibOfAnExecution, percentOfACore }: CrowdNumbers) => ({
    name: `${executions} executions followed, bursts after ${silenceMs / 1000} s of silence`,
    numbers: {
      'delay p50 s': same(quantile(delaysMs, 0.5) / 1000),
      'delay p99 s': same(quantile(delaysMs, 0.99) / 1000),
      'KiB/execution': same(kibOfAnExecution),
      '% of a core': same(percentOfACore),
    },
  });
  const crowdVerdicts = (
    { executions, delaysMs, kibOfAnExecution, percentOfACore }: CrowdNumbers,
    p99: number,
  ) => [
    {
      row: 10,
      measured: `${executions} executions: delay p99`,
      against: '–',
      value: same(quantile(delaysMs, 0.99) / 1000),
      unit: 's' as const,
      atMost: p99,
    },
    {
      row: 10,
      measured: `${executions} executions: memory of each`,
      against: '–',
      value: same(kibOfAnExecution),
      unit: 'KiB' as const,
      atMost: 350,
    },
    {
      row: 10,
      measured: `${executions} executions: CPU`,
      against: '–',
      value: same(percentOfACore),
      unit: '% of a core' as const,
      atMost: 25,
    },
  ];
  return {
    title: 'From a message upstream to its subscribers',
    sides: [
      crowd(few),
      crowd(many),
      ...one.map(({ name, delaysMs }) => ({
        name,
        numbers: {
          'delay p50 s': same(quantile(delaysMs, 0.5) / 1000),
          'delay p99 s': same(quantile(delaysMs, 0.99) / 1000),
        },
      })),
    ],
    verdicts: [
      ...crowdVerdicts(few, 3.5),
      ...crowdVerdicts(many, 15.1),
      ...one.map(({ name, delaysMs, atMostSeconds }) => ({
        row: 11,
        measured: `${name}: longest delay`,
        against: 'poll interval',
        value: same((delaysMs.at(-1) ?? NaN) / 1000),
        unit: 's' as const,
        atMost: atMostSeconds,
      })),
    ],
  };
}

export const crowdRows: Row = { rows: [10, 11], measure };

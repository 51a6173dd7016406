/** State machines of the emulator, with runs to list. */
import type { Json } from './http.ts';
import { pause, type Target } from './target.ts';

export const PLACE = 'arn:aws:states:us-west-2:123456789012';
export const idOf = (flow: string, name: string) =>
  `${flow.replace(':stateMachine:', ':execution:')}:${name}`;
export const namesIn = (list: Json): string[] => list['executions'].map(({ name }: Json) => name);

/** Runs that started every minute, the newest `count` minutes ago at least. */
export const finished = (count: number) =>
  Array.from({ length: count }, (_, n) => ({
    name: `done-${n}`,
    startedAt: Date.now() - 3_600_000 - n * 60_000,
    endedAt: Date.now() - 3_590_000 - n * 60_000,
    ...(n % 2 === 1 && { status: 'TIMED_OUT' }),
  }));

/** A state machine of its own, whose runs are listed. */
export async function flowWith(target: Target, runs: readonly object[]): Promise<string> {
  const flow = target.newStateMachine(PLACE);
  await target.runs(flow, runs);
  // The upstream lists a change up to a second late.
  await pause(1_100);
  return flow;
}

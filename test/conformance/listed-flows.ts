/** Gives the emulator state machines whose runs the checks list. */
import type { Json } from './http.ts';
import { pause, type Target } from './target.ts';

export const PLACE = 'arn:aws:states:us-west-2:123456789012';
export const idOf = (flow: string, name: string) =>
  `${flow.replace(':stateMachine:', ':execution:')}:${name}`;
export const namesIn = (list: Json): string[] => list['executions'].map(({ name }: Json) => name);

/**
 * Returns `count` runs that started one minute apart, the newest an hour ago. Each took 10 s, and every second run
 * timed out.
 */
export const finished = (count: number) =>
  Array.from({ length: count }, (_, n) => ({
    name: `done-${n}`,
    startedAt: Date.now() - 3_600_000 - n * 60_000,
    endedAt: Date.now() - 3_590_000 - n * 60_000,
    ...(n % 2 === 1 && { status: 'TIMED_OUT' }),
  }));

/** Creates a new state machine with these runs. Resolves with its ARN once the upstream lists the runs. */
export async function flowWith(target: Target, runs: readonly object[]): Promise<string> {
  const flow = target.newStateMachine(PLACE);
  await target.runs(flow, runs);
  // The upstream can take up to a second to list a change.
  await pause(1_100);
  return flow;
}

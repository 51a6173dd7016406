/** Output on a terminal: colour, cropping, columns, and no control characters from outside. */
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';

import { dayOf, timeOf } from '../../src/core/local-time.ts';
import { MessageLines } from '../../src/cli/message-line.ts';
import { type Environment, Output } from '../../src/cli/output.ts';
import { column, crop, oneLine, shellWord, widthOf } from '../../src/cli/plain-text.ts';
import { Progress } from '../../src/cli/progress.ts';
import { summaryLines } from '../../src/cli/summary-lines.ts';
import { ManualClock } from '../support/manual-clock.ts';

function terminal({ columns = 120, env = {} }: { columns?: number; env?: Environment } = {}) {
  const stream = Object.assign(new PassThrough({ encoding: 'utf8' }), { isTTY: true, columns });
  const written = (): string => String(stream.read() ?? '');
  return { output: new Output(stream, env), written };
}

const FAILED = {
  eventType: 'THING_ACTION_TASK_FAILED',
  timestamp: '2019-05-30T22:45:40.656Z',
  payload: "Door D-3: the bolt doesn't move",
};
// eslint-disable-next-line no-control-regex
const withoutColour = (text: string) => text.replaceAll(/\u001b\[[0-9;]*m/g, '');

test('the type and payload of a failure are red', async () => {
  const { output, written } = terminal();
  await new MessageLines(output).print(FAILED);
  const line = written().split('\n')[1] ?? '';
  expect(line).toContain(`\u001b[31m${'THING_ACTION_TASK_FAILED'.padEnd(30)}\u001b[0m`);
  expect(line).toContain("\u001b[31mDoor D-3: the bolt doesn't move\u001b[0m");
});

test.each([{ NO_COLOR: '1' }, { TERM: 'dumb' }])('with %j there is no colour on a terminal', async (env) => {
  const { output, written } = terminal({ env });
  await new MessageLines(output).print(FAILED);
  // eslint-disable-next-line no-control-regex
  expect(written()).not.toMatch(/\u001b/);
});

test('no line is wider than the terminal, whatever the payload, and times are in local time', async () => {
  const payloads = [
    'x'.repeat(500),
    '漢字'.repeat(200),
    '🟢'.repeat(200),
    'e\u0301'.repeat(300),
    '',
    undefined,
  ];
  for (const columns of [78, 109, 110, 160]) {
    const { output, written } = terminal({ columns });
    const lines = new MessageLines(output);
    for (const payload of payloads) {
      const text =
        payload === undefined ? {} : { payload: `{stepId: Step2CaptureTheWholeImageTwice, ${payload}}` };
      await lines.print({ ...FAILED, ...text });
    }
    const shown = withoutColour(written()).trimEnd().split('\n');
    expect(shown.length).toBeGreaterThanOrEqual(1 + payloads.length);
    for (const line of shown) expect(widthOf(line)).toBeLessThanOrEqual(columns);
    const local = new Date(FAILED.timestamp);
    const [hours, minutes] = [local.getHours(), local.getMinutes()].map((n) => String(n).padStart(2, '0'));
    expect(shown[1]).toContain(`${hours}:${minutes}:40.656`);
  }
});

/** A message of a failing flow with a long step name and a longer payload. */
const STEP_FAILED = {
  ...FAILED,
  eventType: 'STEP_FAILED',
  payload: '{stepId: Step2ReadSqsPayloadLambda, error: ThingActionFailed, cause: bolt stuck (E42)}',
};

test.each([20, 40, 60, 77, 78, 80, 100, 120])(
  'on %i columns every message shows its type, its step and its payload',
  async (columns) => {
    const { output, written } = terminal({ columns });
    const lines = new MessageLines(output);
    await lines.print(STEP_FAILED);
    await lines.print(FAILED);
    await lines.print({ ...FAILED, eventType: 'SCHEDULE_NEXT_READY_STEPS_TASK', payload: '' });
    const shown = withoutColour(written()).split('\n').slice(1);
    const text = shown.join('\n');
    for (const seen of ['STEP_FAILED', 'Step2', '{error', 'THING_ACTION_TASK_FAILED', 'Door D-3: the b']) {
      expect(text).toContain(seen);
    }
    expect(text).toContain('SCHEDULE_NEXT_READY_STE');
    for (const line of shown) expect(widthOf(line)).toBeLessThanOrEqual(Math.max(columns, 38));
  },
);

/** A state name of maximal length. */
const LONG_NAME = 'ChargeTheCustomerOfTheOrderThatWasPlacedInTheShopBeforeTheWarehouseIsAskedToShip';
const TASK_FAILED = {
  ...FAILED,
  eventType: 'ACTIVITY_FAILED',
  upstreamType: 'TaskFailed',
  step: LONG_NAME,
  error: 'Shop.CardDeclined',
  payload: '{"type":"TaskFailed","id":5,"previousEventId":4,"error":"Shop.CardDeclined","cause":"no money"}',
};

test.each([84, 100, 110, 120, 160])(
  'on %i columns the step name is complete, and the payload is cropped',
  async (columns) => {
    const { output, written } = terminal({ columns });
    await new MessageLines(output).print(TASK_FAILED);
    const shown = withoutColour(written()).trimEnd().split('\n').slice(1);
    expect(shown.join('\n')).toContain(LONG_NAME);
    expect(shown.join('\n')).toContain('TaskFailed {"er');
    for (const line of shown) expect(widthOf(line)).toBeLessThanOrEqual(columns);
  },
);

test('a message of Step Functions without a payload shows its step, iteration, type and error', async () => {
  const { payload: _, ...named } = TASK_FAILED;
  const file = new PassThrough({ encoding: 'utf8' });
  await new MessageLines(new Output(file, {})).print({ ...named, step: 'Charge', iteration: 3 });
  expect(String(file.read())).toMatch(/ACTIVITY_FAILED +Charge #3 +TaskFailed Shop\.CardDeclined\n$/);
});

test('a terminal that reports 0 columns is treated as having 80', async () => {
  const shownOn = async (columns: number) => {
    const { output, written } = terminal({ columns });
    await new MessageLines(output).print(STEP_FAILED);
    return written();
  };
  expect(await shownOn(0)).toBe(await shownOn(80));
});

test('a summary has local times on a terminal, and complete UTC times elsewhere', () => {
  const summary = {
    flowExecutionId: 'x',
    source: 's',
    status: 'SUCCEEDED',
    final: true,
    startedAt: FAILED.timestamp,
  } as const;
  const at = new Date(FAILED.timestamp);
  const { output } = terminal();
  expect(summaryLines(summary, output)[1]).toContain(`started ${dayOf(at)} ${timeOf(at)}`);
  const piped = new Output(new PassThrough(), {});
  expect(summaryLines(summary, piped)[1]).toContain(`started ${FAILED.timestamp}`);
});

test('a summary names the earlier failure that caused the final one', () => {
  const summary = {
    flowExecutionId: 'x',
    source: 's',
    status: 'FAILED',
    final: true,
    failure: {
      step: 'GiveUp',
      error: 'Declined',
      causedBy: { step: 'Charge', error: 'CardDeclined', cause: 'no\nmoney' },
      cursor: 'c',
    },
  } as const;
  expect(summaryLines(summary, new Output(new PassThrough(), {})).slice(0, 2)).toEqual([
    'FAILED in GiveUp: Declined',
    `caused by a failure in Charge: CardDeclined: ${oneLine('no\nmoney')}`,
  ]);
});

test('in a pipe, a message without a timestamp stays aligned in its columns', async () => {
  const file = new PassThrough({ encoding: 'utf8' });
  const lines = new MessageLines(new Output(file, {}));
  const { timestamp: _, ...timeless } = FAILED;
  await lines.print(FAILED);
  await lines.print(timeless);
  const [whole = '', bare = ''] = String(file.read()).split('\n');
  expect(bare.indexOf('THING_ACTION')).toBe(whole.indexOf('THING_ACTION'));
});

test('the date is printed above the first message of each day', async () => {
  const { output, written } = terminal();
  const lines = new MessageLines(output);
  for (const timestamp of [
    '2026-01-01T12:00:00.000Z',
    '2026-01-01T12:00:01.000Z',
    '2026-01-03T12:00:00.000Z',
  ]) {
    await lines.print({ ...FAILED, timestamp });
  }
  await lines.print({ eventType: 'STEP_STARTED' });
  const days = withoutColour(written()).match(/^\d{4}-\d\d-\d\d, times in .+$/gm);
  expect(days?.map((day) => day.slice(0, 10))).toEqual(['2026-01-01', '2026-01-03']);
});

test('no control character from outside reaches a terminal', () => {
  const hostile = 'a\u001b[2Jb\u0007c\u009b31md\u202ee\u2028f\r\ng\th\u0000';
  // eslint-disable-next-line no-control-regex
  expect(oneLine(hostile)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e\u2028]/);
  expect(oneLine('two\r\n  lines\tand a tab')).toBe('two ⏎ lines and a tab');
});

test('text is cropped by its display width instead of its code units', () => {
  expect(crop('abcdef', 6)).toBe('abcdef');
  expect(crop('abcdefg', 6)).toBe('abcde…');
  expect(crop('👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦', 5)).toBe('👩‍👩‍👧‍👦👩‍👩‍👧‍👦…');
  expect(widthOf(column('漢字', 7))).toBe(7);
  expect(column('漢字漢字', 4)).toBe('漢… ');
});

test('an id is quoted so that a shell reads it as one word', () => {
  expect(shellWord('urn:tdm:us-west-2/1/default:Workflow:A_2019-05-11T19:39:55.317Z')).toBe(
    'urn:tdm:us-west-2/1/default:Workflow:A_2019-05-11T19:39:55.317Z',
  );
  expect(shellWord("it's $HOME")).toBe(String.raw`'it'\''s $HOME'`);
});

test('progress is one line that is updated at most every 100 ms and removed at the end', async () => {
  const clock = new ManualClock();
  const { output, written } = terminal();
  const progress = new Progress(output, clock, true);
  await progress.show(() => 'too early');
  expect(written()).toBe('');
  for (let step = 0; step < 100; step++) {
    await clock.advance(20);
    await progress.show(() => `step ${step}`);
  }
  const shown = written();
  expect(shown.split('\r').length - 1).toBeLessThanOrEqual(20);
  expect(shown).not.toContain('\n');
  await progress.clear();
  expect(written()).toBe('\r\u001b[K');
});

test('progress is shown neither in a file nor between printed lines', async () => {
  const clock = new ManualClock();
  const file = new PassThrough({ encoding: 'utf8' });
  const { output, written } = terminal();
  for (const progress of [
    new Progress(new Output(file, {}), clock, true),
    new Progress(output, clock, false),
  ]) {
    await clock.advance(5_000);
    await progress.show(() => 'unwanted');
    await progress.clear();
  }
  expect([file.read(), written()]).toEqual([null, '']);
});

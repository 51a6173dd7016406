/**
 * Tests the bars of <flowtap-execution> in Chromium: their position and growth, and how keys, wheel and slider change
 * the time that is shown.
 */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { toSteps } from '../../src/client/client.ts';
import { hasChromium } from '../support/chromium.ts';
import { orderFlow } from './order-flow.ts';
import {
  type ShownBar,
  barsNow,
  outlineOf,
  shownMessages,
  stopClock,
  untilClockKnown,
  untilPhase,
} from './viewer-page.ts';
import { type ViewerWorld, openViewerWorld } from './viewer-world.ts';

/**
 * The parts of orderFlow's payment step, with start and end in milliseconds since the start of the execution.
 */
const PAYMENT_PARTS = [
  ['attempt failed', 2_000, 5_100],
  ['pause failed', 5_100, 7_100],
  ['attempt failed', 7_100, 10_150],
  ['pause failed', 10_150, 14_150],
  ['attempt succeeded', 14_150, 15_450],
] as const;
const SHIP_STARTS_MS = 25_000;
const LENGTH_MS = 28_750;
const TALL = { viewport: { width: 1280, height: 1600 } };

/** A time range, in milliseconds since the start of the execution. */
type Span = readonly [startMs: number, endMs: number];

interface Drawn {
  readonly leftPx: number;
  readonly widthPx: number;
}

/** Expects that `drawn` covers `span` within a pixel at each end. The cell shows the time range `shown`. */
function expectSpan(drawn: Drawn | undefined, span: Span, cellPx: number, shown: Span, name: string): void {
  const pxPerMs = cellPx / (shown[1] - shown[0]);
  const leftOff = (drawn?.leftPx ?? Number.NaN) - (span[0] - shown[0]) * pxPerMs;
  const widthOff = (drawn?.widthPx ?? Number.NaN) - (span[1] - span[0]) * pxPerMs;
  expect(Math.abs(leftOff), `start of ${name}`).toBeLessThanOrEqual(1);
  expect(Math.abs(widthOff), `duration of ${name}`).toBeLessThanOrEqual(1);
}

interface Seen {
  readonly bars: readonly ShownBar[];
  readonly shown: Span;
}

const barOf = ({ bars }: Seen, name: string): ShownBar => {
  const bar = bars.find((one) => one.name === name);
  if (!bar) throw new Error(`No bar for ${name}, only for ${bars.map((one) => one.name).join(', ')}`);
  return bar;
};

/**
 * Expects that every bar matches the execution's messages. `shownOf` returns the time range that is shown,
 * given the duration of the execution so far.
 */
async function expectAllAt(page: Page, shownOf: (lengthMs: number) => Span): Promise<Seen> {
  const execution = toSteps(await shownMessages(page));
  const zeroMs = Date.parse(execution.startedAt ?? '');
  const { bars, nowMs } = await barsNow(page);
  const sinceStart = (time: string | undefined): number =>
    (time === undefined ? nowMs : Date.parse(time)) - zeroMs;
  const shown = shownOf(sinceStart(execution.endedAt));
  let count = 0;
  for (const [index, { step }] of outlineOf(execution).entries()) {
    const span: Span = [sinceStart(step.startedAt), sinceStart(step.endedAt)];
    const bar = bars.find((one) => one.index === index);
    expect(bar !== undefined, `${step.name} has a bar`).toBe(span[1] >= shown[0] && span[0] <= shown[1]);
    if (!bar) continue;
    count++;
    expectSpan(bar, span, bar.cellPx, shown, step.name);
  }
  expect(count).toBeGreaterThan(0);
  return { bars, shown };
}

const whole = (lengthMs: number): Span => [0, lengthMs];
/** Returns the range between these fractions of the execution's duration. */
const between =
  (from: number, to: number) =>
  (lengthMs: number): Span => [from * lengthMs, to * lengthMs];

const soon = (page: Page, shownOf: (lengthMs: number) => Span): Promise<unknown> =>
  expect
    .poll(() => expectAllAt(page, shownOf).then(() => 'there', String), { timeout: 60_000 })
    .toBe('there');

describe.runIf(hasChromium())('the bars of <flowtap-execution>', () => {
  let world: ViewerWorld;
  let ended: string;
  beforeAll(async () => {
    world = await openViewerWorld();
    ended = await world.order(orderFlow('succeeds'), 3_600_000);
  });
  afterAll(() => world.close());

  test('the bars of attempts, pauses and waits match their times within a pixel', async () => {
    const page = await world.openEnded(ended, TALL);
    const seen = await expectAllAt(page, whole);
    const { parts, cellPx } = barOf(seen, 'AuthorizePayment');
    expect(parts.map(({ kind }) => kind)).toEqual(PAYMENT_PARTS.map(([kind]) => kind));
    for (const [index, [kind, ...span]] of PAYMENT_PARTS.entries())
      expectSpan(parts[index], span, cellPx, [0, LENGTH_MS], `${kind} ${index}`);
    const wait = barOf(seen, 'CoolingOff');
    expect(wait.shape).toContain('wait');
    expectSpan(wait, [15_560, 22_560], wait.cellPx, [0, LENGTH_MS], 'the wait');
  });

  test.each([0, -3_600_000])(
    'with the clock of the page %i ms ahead, bars of a running execution end at the current time of the service',
    async (clockAheadMs) => {
      // The scripted messages end in the pause before the third attempt.
      const id = await world.order(orderFlow('succeeds'), 20_000, 12_000);
      const page = await world.open([id], { ...TALL, clockAheadMs });
      await untilPhase(page, 'live');
      if (clockAheadMs !== 0) await untilClockKnown(page);
      const seen = await expectAllAt(page, whole);
      const [, endMs] = seen.shown;
      expect(endMs).toBeGreaterThan(19_000);
      expect(endMs).toBeLessThan(600_000);
      const { parts, cellPx } = barOf(seen, 'AuthorizePayment');
      const expected = [...PAYMENT_PARTS.slice(0, 3), ['pause running', 10_150, endMs] as const];
      expect(parts.map(({ kind }) => kind)).toEqual(expected.map(([kind]) => kind));
      for (const [index, [kind, ...span]] of expected.entries())
        expectSpan(parts[index], span, cellPx, seen.shown, `${kind} ${index}`);
    },
  );

  test('the bar of a running step grows without new messages', async () => {
    const page = await world.open([await world.order(orderFlow('succeeds'), 20_000, 12_000)], TALL);
    await untilPhase(page, 'live');
    const widths: number[] = [];
    await expect
      .poll(
        async () => {
          const { width = 0 } = (await page.locator('.bar.running').first().boundingBox()) ?? {};
          if (width !== widths.at(-1)) widths.push(width);
          return widths.length;
        },
        { timeout: 60_000 },
      )
      .toBeGreaterThan(3);
    expect(widths).toEqual(widths.toSorted((one, other) => one - other));
  });

  test('the keys + and − zoom, 0 shows the whole execution, and z shows one step', async () => {
    const page = await world.openEnded(ended, TALL);
    await page.locator('.steps-grid').focus();
    await page.keyboard.press('Home');
    await soon(page, whole);
    const presses: readonly (readonly [key: string, shownOf: (lengthMs: number) => Span])[] = [
      ['+', between(1 / 4, 3 / 4)],
      ['+', between(3 / 8, 5 / 8)],
      ['-', between(1 / 4, 3 / 4)],
      ['0', whole],
      // ValidateOrder lasts from 40 to 1,900 ms. A tenth of room is added on each side, but not before the
      // start of the execution.
      ['z', () => [0, 2_232]],
      ['0', whole],
    ];
    for (const [key, shownOf] of presses) {
      await page.keyboard.press(key);
      await soon(page, shownOf);
    }
  });

  test('z shows a running step up to the current time of the service, even if the clock of the page is an hour ahead', async () => {
    const id = await world.order(orderFlow('succeeds'), 30_000, 26_000);
    const page = await world.open([id], { ...TALL, clockAheadMs: 3_600_000 });
    await untilPhase(page, 'live');
    await untilClockKnown(page);
    await stopClock(page);
    await page.locator('.steps-grid').focus();
    await page.keyboard.press('End');
    await page.keyboard.press('z');
    await soon(page, (lengthMs) => [Math.max(0, lengthMs - 1.2 * (lengthMs - SHIP_STARTS_MS)), lengthMs]);
  });

  test('buttons zoom and the slider moves the range, with the keyboard alone', async () => {
    const page = await world.openEnded(ended, TALL);
    await page.getByRole('button', { name: 'Zoom in' }).focus();
    await page.keyboard.press('Enter');
    await soon(page, between(1 / 4, 3 / 4));
    await page.getByRole('slider', { name: 'Time that is shown' }).focus();
    await page.keyboard.press('End');
    await soon(page, between(1 / 2, 1));
    await page.keyboard.press('Home');
    await soon(page, between(0, 1 / 2));
    await page.getByRole('button', { name: 'Zoom in' }).focus();
    await page.keyboard.press('Enter');
    await soon(page, between(1 / 8, 3 / 8));
    await page.getByRole('button', { name: 'Zoom out' }).focus();
    await page.keyboard.press('Enter');
    await soon(page, between(0, 1 / 2));
    await page.getByRole('button', { name: 'Fit' }).focus();
    await page.keyboard.press('Enter');
    await soon(page, whole);
  });

  test('Ctrl + wheel zooms around the pointer, Shift + wheel moves the range, and the arrow for a bar out of sight leads to the bar', async () => {
    const page = await world.openEnded(ended, TALL);
    const axis = await page.locator('.axis').boundingBox();
    const { x: axisX = 0, y: axisY = 0, width: axisPx = 0 } = axis ?? {};
    const pointerX = Math.round(axisX + axisPx / 4);
    const share = (pointerX - axisX) / axisPx;
    await page.mouse.move(pointerX, axisY + 100);
    await page.keyboard.down('Control');
    await page.mouse.wheel(0, -100);
    await page.keyboard.up('Control');
    // A turn of the wheel zooms in by a quarter. The time below the pointer stays in its place.
    await soon(page, between(share * 0.2, share * 0.2 + 0.8));
    await page.keyboard.down('Shift');
    await page.mouse.wheel(0, -1_000_000);
    await soon(page, between(0, 0.8));
    await page.mouse.wheel(0, 50);
    const moved = (50 / axisPx) * 0.8;
    await soon(page, between(moved, moved + 0.8));
    await page.keyboard.up('Shift');
    await page.getByRole('button', { name: 'Fit' }).click();
    await page.locator('.steps-grid').focus();
    await page.keyboard.press('End');
    await page.keyboard.press('z');
    await page.locator('.edge.before').first().click();
    // The range keeps its length, which is ShipOrder's 3.7 s plus a tenth on each side, and moves to ValidateOrder at
    // the start of the execution.
    await soon(page, () => [0, 4_440]);
  });
});

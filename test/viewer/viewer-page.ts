/** Reads from a page what the element shows. Playwright's locators look into shadow roots. */
import type { Page } from 'playwright-core';

import type { FlowMessage, Step } from '../../src/client/client.ts';
import type { ExecutionSnapshot, Phase } from '../../src/viewer/store/snapshot.ts';

/** The element's members that tests use. Tests cannot import its class, which the page loads as a module. */
interface Shown extends HTMLElement {
  readonly snapshot: ExecutionSnapshot;
  readonly updateComplete: Promise<boolean>;
  requestUpdate(): void;
}

export const untilPhase = async (page: Page, phase: Phase, index = 0): Promise<void> => {
  await page.waitForFunction(
    ([wanted, at]) => {
      // Safety: all elements with this name are of this class.
      const element = document.querySelectorAll('flowtap-execution')[at] as Shown | undefined;
      return element?.snapshot?.phase === wanted;
    },
    [phase, index] as const,
    { timeout: 60_000 },
  );
  // Also wait until the phase has been rendered.
  await page.evaluate(
    () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))),
  );
};

export const shownMessages = (page: Page, index = 0): Promise<readonly FlowMessage[]> =>
  page.evaluate(
    // Safety: all elements with this name are of this class.
    (at) => (document.querySelectorAll('flowtap-execution')[at] as Shown).snapshot.messages,
    index,
  );

export interface ShownStep {
  readonly level: number;
  readonly name: string;
  readonly status: string;
  readonly attempts: string;
  /** The distance from the left edge of the cell to the bar. Undefined if the step has no bar. */
  readonly leftPx: number | undefined;
  readonly widthPx: number | undefined;
  readonly cellPx: number;
}

/** Returns the rows of steps that are rendered, from the top. */
export const shownSteps = (page: Page): Promise<readonly ShownStep[]> =>
  page.locator('.step').evaluateAll((rows) =>
    rows.map((row) => {
      const text = (part: string): string => row.querySelector(part)?.textContent?.trim() ?? '';
      const cell = row.querySelector('.time')?.getBoundingClientRect();
      const bar = row.querySelector('.bar')?.getBoundingClientRect();
      return {
        level: Number(row.getAttribute('aria-level')),
        name: text('.label'),
        status: text('.word'),
        attempts: text('.attempts'),
        leftPx: bar && cell && bar.left - cell.left,
        widthPx: bar?.width,
        cellPx: cell?.width ?? 0,
      };
    }),
  );

/** Returns all steps of the execution in the order of their rows. Top-level steps have level 1. */
export const outlineOf = (execution: Step, level = 1): { level: number; step: Step }[] =>
  execution.children.flatMap((step) => [{ level, step }, ...outlineOf(step, level + 1)]);

export interface ShownBar {
  /** The index of the bar's row, from 0. */
  readonly index: number;
  readonly name: string;
  /** The CSS classes of the bar. */
  readonly shape: string;
  /** The distance from the left edge of the cell. */
  readonly leftPx: number;
  readonly widthPx: number;
  readonly cellPx: number;
  /** The parts of the bar: attempts and the pauses between them. */
  readonly parts: readonly { readonly kind: string; readonly leftPx: number; readonly widthPx: number }[];
}

/** Renders the element and returns its bars, and the time of the service at which they were rendered. */
export const barsNow = (
  page: Page,
): Promise<{ readonly bars: readonly ShownBar[]; readonly nowMs: number }> =>
  page.evaluate(async () => {
    // Safety: the page has one element with this name.
    const element = document.querySelector('flowtap-execution') as Shown;
    const pageClock = Date.now;
    const pageNowMs = pageClock();
    Date.now = () => pageNowMs;
    element.requestUpdate();
    await element.updateComplete;
    const bars = [...(element.shadowRoot?.querySelectorAll('.step:has(.bar)') ?? [])].map((row) => {
      const boxOf = (part: Element | null) => part?.getBoundingClientRect() ?? new DOMRect();
      const cell = boxOf(row.querySelector('.time'));
      const bar = row.querySelector('.bar');
      const place = (part: Element | null) => ({
        leftPx: boxOf(part).left - cell.left,
        widthPx: boxOf(part).width,
      });
      return {
        index: Number(row.getAttribute('aria-rowindex')) - 2,
        name: row.querySelector('.label')?.textContent ?? '',
        shape: bar?.className ?? '',
        ...place(bar),
        cellPx: cell.width,
        parts: [...(bar?.children ?? [])].map((part) => ({
          kind: part.className.replace('part ', ''),
          ...place(part),
        })),
      };
    });
    Date.now = pageClock;
    return { bars, nowMs: pageNowMs + element.snapshot.serverAheadMs };
  });

/** Waits until a page with a wrong clock has learned the time of the service. */
export const untilClockKnown = async (page: Page): Promise<void> => {
  await page.waitForFunction(
    // Safety: the page has one element with this name.
    () => (document.querySelector('flowtap-execution') as Shown).snapshot.serverAheadMs !== 0,
    undefined,
    { timeout: 60_000 },
  );
};

/** Stops `Date.now` of the page. Timers continue to run. */
export const stopClock = (page: Page): Promise<void> =>
  page.evaluate(() => {
    const nowMs = Date.now();
    Date.now = () => nowMs;
  });

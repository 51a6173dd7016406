/** Reads from the page what the element shows. Locators of Playwright see into its shadow root. */
import type { Page } from 'playwright-core';

import type { FlowMessage, Step } from '../../src/client/client.ts';
import type { ExecutionSnapshot, Phase } from '../../src/viewer/store/snapshot.ts';

/** The type of the element. Its class is in the module that the page loads. */
interface Shown extends HTMLElement {
  readonly snapshot: ExecutionSnapshot;
  readonly updateComplete: Promise<boolean>;
  requestUpdate(): void;
}

export const untilPhase = async (page: Page, phase: Phase, index = 0): Promise<void> => {
  await page.waitForFunction(
    ([wanted, at]) => {
      // Safety: all elements of this name have this class.
      const element = document.querySelectorAll('flowtap-execution')[at] as Shown | undefined;
      return element?.snapshot?.phase === wanted;
    },
    [phase, index] as const,
    { timeout: 60_000 },
  );
  // Waits until the phase has been rendered, too.
  await page.evaluate(
    () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))),
  );
};

export const shownMessages = (page: Page, index = 0): Promise<readonly FlowMessage[]> =>
  page.evaluate(
    // Safety: all elements of this name have this class.
    (at) => (document.querySelectorAll('flowtap-execution')[at] as Shown).snapshot.messages,
    index,
  );

export interface ShownStep {
  readonly level: number;
  readonly name: string;
  readonly status: string;
  readonly attempts: string;
  /** From the left of its cell to the bar. Undefined: the step has no bar. */
  readonly leftPx: number | undefined;
  readonly widthPx: number | undefined;
  readonly cellPx: number;
}

/** The rows of steps that are in the document, from the top. */
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

/** The steps below the execution in the order of their rows, with their depth from 1. */
export const outlineOf = (execution: Step, level = 1): { level: number; step: Step }[] =>
  execution.children.flatMap((step) => [{ level, step }, ...outlineOf(step, level + 1)]);

export interface ShownBar {
  /** The index of its row, from 0. */
  readonly index: number;
  readonly name: string;
  /** Its classes. */
  readonly shape: string;
  /** From the left of its cell. */
  readonly leftPx: number;
  readonly widthPx: number;
  readonly cellPx: number;
  /** Attempts and the pauses between them. */
  readonly parts: readonly { readonly kind: string; readonly leftPx: number; readonly widthPx: number }[];
}

/** The bars that are in the document, rendered at `nowMs` by the clock of the service. */
export const barsNow = (
  page: Page,
): Promise<{ readonly bars: readonly ShownBar[]; readonly nowMs: number }> =>
  page.evaluate(async () => {
    // Safety: the page has one element of this name.
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

/** Waits until a page with a wrong clock knows the time of the service. */
export const untilClockKnown = async (page: Page): Promise<void> => {
  await page.waitForFunction(
    // Safety: the page has one element of this name.
    () => (document.querySelector('flowtap-execution') as Shown).snapshot.serverAheadMs !== 0,
    undefined,
    { timeout: 60_000 },
  );
};

/** Stops the clock of the page. Its timers run. */
export const stopClock = (page: Page): Promise<void> =>
  page.evaluate(() => {
    const nowMs = Date.now();
    Date.now = () => nowMs;
  });

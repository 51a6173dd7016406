/** What the element shows, as a test reads it from the page. Locators of Playwright see into its shadow root. */
import type { Page } from 'playwright-core';

import type { FlowMessage, Step } from '../../src/client/client.ts';
import type { ExecutionSnapshot, Phase } from '../../src/viewer/store/snapshot.ts';

/** The element as the page has it: its class is in the module that the page loads. */
interface Shown extends HTMLElement {
  readonly snapshot: ExecutionSnapshot;
}

export const untilPhase = async (page: Page, phase: Phase, index = 0): Promise<void> => {
  await page.waitForFunction(
    ([wanted, at]) => {
      // Safety: the elements of this name.
      const element = document.querySelectorAll('flowtap-execution')[at] as Shown | undefined;
      return element?.snapshot?.phase === wanted;
    },
    [phase, index] as const,
    { timeout: 60_000 },
  );
  // Rendered, too.
  await page.evaluate(
    () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))),
  );
};

export const shownMessages = (page: Page, index = 0): Promise<readonly FlowMessage[]> =>
  page.evaluate(
    // Safety: the elements of this name.
    (at) => (document.querySelectorAll('flowtap-execution')[at] as Shown).snapshot.messages,
    index,
  );

export interface ShownStep {
  readonly level: number;
  readonly name: string;
  readonly status: string;
  readonly attempts: string;
  /** Of the bar, from the left of its cell. */
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

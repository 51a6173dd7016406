/**
 * Tests the accessibility of <flowtap-execution>: axe, use with the keyboard alone, and what a screen reader
 * announces.
 */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { violationsOfAxe } from '../support/axe.ts';
import { hasChromium } from '../support/chromium.ts';
import { orderFlow } from './order-flow.ts';
import { shownMessages, untilPhase } from './viewer-page.ts';
import { type ViewerWorld, openViewerWorld } from './viewer-world.ts';

/** Returns the accessible name of the focused control in the element. */
const focused = (page: Page): Promise<string> =>
  page.evaluate(() => {
    const element = document.querySelector('flowtap-execution')?.shadowRoot?.activeElement;
    return element?.getAttribute('aria-label') ?? element?.textContent?.trim() ?? '';
  });

async function tabTo(page: Page, name: string): Promise<void> {
  const passed: string[] = [];
  for (let presses = 0; presses < 40; presses++) {
    await page.keyboard.press('Tab');
    passed.push(await focused(page));
    if (passed.at(-1) === name) return;
  }
  throw new Error(`Tab does not reach '${name}', only ${passed.join(', ')}`);
}

describe.runIf(hasChromium())('the accessibility of <flowtap-execution>', () => {
  let world: ViewerWorld;
  let failed: string;
  beforeAll(async () => {
    world = await openViewerWorld();
    failed = await world.order(orderFlow('fails'), 3_600_000);
  });
  afterAll(() => world.close());

  test.each([
    ['light', 1280],
    ['dark', 1280],
    ['light', 320],
    ['dark', 320],
  ] as const)('axe finds no violation in the %s theme at %i px', async (colorScheme, width) => {
    const page = await world.openEnded(failed, { colorScheme, viewport: { width, height: 900 } });
    await page.locator('.failure').waitFor();
    await page.locator('.message').nth(2).click();
    await page.locator('.detail').waitFor();
    expect(await violationsOfAxe(page)).toEqual([]);
  });

  test('the page does not scroll sideways on a screen of 320 px', async () => {
    const page = await world.openEnded(failed, { viewport: { width: 320, height: 800 } });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(320);
  });

  test('steps and messages can be used with the keyboard alone', async () => {
    const page = await world.openEnded(failed);
    await page.locator('.failure').waitFor();
    const active = (grid: string) =>
      page.locator(grid).evaluate((element) => {
        const id = element.getAttribute('aria-activedescendant');
        // Safety: the grid is in a shadow root.
        const row = id === null ? null : (element.getRootNode() as ShadowRoot).getElementById(id);
        return row?.querySelector('.label, .number')?.textContent;
      });
    await page.locator('.steps-grid').focus();
    await expect.poll(() => active('.steps-grid')).toBe('CapturePayment');
    await page.keyboard.press('Home');
    await expect.poll(() => active('.steps-grid')).toBe('ValidateOrder');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => active('.steps-grid')).toBe('Branch 0');
    await page.keyboard.press('ArrowLeft');
    await expect.poll(() => page.locator('[data-key="1.0"]').getAttribute('aria-expanded')).toBe('false');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => active('.steps-grid')).toBe('AuthorizePayment');
    const width = () => page.locator('[data-key="0"] .bar').evaluate((bar) => bar.clientWidth);
    const before = await width();
    await page.keyboard.press('+');
    await page.keyboard.press('0');
    await expect.poll(width).toBe(before);
    await page.keyboard.press('Enter');
    await expect.poll(() => page.locator('#messages-title').innerText()).toContain('of 65');
    await page.keyboard.press('Enter');
    await page.locator('.messages-grid').focus();
    await page.keyboard.press('End');
    await expect.poll(() => active('.messages-grid')).toBe('65');
    await page.keyboard.press('Enter');
    await page.locator('.detail').waitFor();
    // Tab moves into the row, to its first control.
    await page.keyboard.press('Tab');
    await expect.poll(() => focused(page)).toBe('64');
  });

  test('the failed step becomes the active row, also after the element has reconnected', async () => {
    const page = await world.openEnded(failed);
    const active = page.locator('.steps-grid .row.active .label');
    await expect.poll(() => active.allInnerTexts()).toEqual(['CapturePayment']);
    await page.locator('.steps-grid').focus();
    await page.keyboard.press('Home');
    await expect.poll(() => active.allInnerTexts()).toEqual(['ValidateOrder']);
    await page.evaluate(() => {
      const element = document.querySelector('flowtap-execution');
      element?.setAttribute('service', `${element.getAttribute('service')}?again`);
    });
    await expect.poll(() => active.allInnerTexts(), { timeout: 20_000 }).toEqual(['CapturePayment']);
  });

  test('the failed step becomes the active row, even if the failure is known before the first message', async () => {
    const page = await world.open([failed]);
    const failureShown = Promise.withResolvers<void>();
    await page.route(/\/messages\b/, async (route) => {
      await failureShown.promise;
      await route.continue();
    });
    await page.reload();
    await page.locator('.failure').waitFor();
    expect(await shownMessages(page)).toEqual([]);
    failureShown.resolve();
    await untilPhase(page, 'ended');
    expect(await page.locator('.steps-grid .row.active .label').allInnerTexts()).toEqual(['CapturePayment']);
  });

  test('every control can be reached with Tab', async () => {
    const page = await world.openEnded(failed);
    await page.locator('.failure').waitFor();
    const reached = new Set<string>();
    for (let presses = 0; presses < 15; presses++) {
      await page.keyboard.press('Tab');
      const name = await focused(page);
      reached.add(name);
    }
    for (const name of [
      'Show message 64',
      'Zoom in',
      'Steps',
      'Download',
      'Text in messages',
      'Type',
      'Step',
      'Generic types',
      'Messages',
    ]) {
      expect([...reached]).toContain(name);
    }
  });

  test('the id can be copied, and the full cause opened, with the keyboard alone', async () => {
    const page = await world.openEnded(failed, { permissions: ['clipboard-read', 'clipboard-write'] });
    await page.locator('.failure').waitFor();
    await tabTo(page, 'Copy id');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Copied' }).waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(failed);
    const whole = page.locator('.failure details');
    expect(await whole.innerText()).not.toContain('stackTrace');
    await tabTo(page, 'Full cause');
    await page.keyboard.press('Enter');
    await expect.poll(() => whole.innerText()).toContain('stackTrace');
  });

  test('messages can be filtered, and the filters cleared, with the keyboard alone', async () => {
    const page = await world.openEnded(failed);
    const count = page.locator('#messages-title .count');
    const shown = async (): Promise<number> => Number(/^\d+/.exec(await count.innerText())?.[0]);
    await tabTo(page, 'Text in messages');
    await page.keyboard.type('declined');
    await expect.poll(() => count.innerText()).toBe('2 of 65');
    await tabTo(page, 'Clear');
    await page.keyboard.press('Enter');
    await expect.poll(() => count.innerText()).toBe('65');
    for (const name of ['Type', 'Step']) {
      await tabTo(page, name);
      await page.keyboard.press('ArrowDown');
      await expect.poll(() => count.innerText()).toMatch(/ of 65$/);
      expect(await shown()).toBeLessThan(65);
      await tabTo(page, 'Clear');
      await page.keyboard.press('Enter');
      await expect.poll(() => count.innerText()).toBe('65');
    }
    await tabTo(page, 'Generic types');
    await page.keyboard.press('Space');
    await expect
      .poll(() => page.getByRole('button', { name: 'Generic types' }).getAttribute('aria-pressed'))
      .toBe('true');
    await page.locator('.message .type', { hasText: 'EXECUTION_STARTED' }).waitFor();
  });

  test('updates can be paused and resumed with the keyboard alone', async () => {
    const page = await world.open([await world.order(orderFlow('succeeds'), 20_000, 12_000)]);
    await untilPhase(page, 'live');
    await tabTo(page, 'Pause updates');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Follow' }).waitFor();
    // The focus stays on the button.
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Pause updates' }).waitFor();
  });

  test('the live region announces the end of the execution, but no messages', async () => {
    const page = await world.open([await world.order(orderFlow('fails'), 20_000)]);
    await page.locator('[role=status]').waitFor({ state: 'attached' });
    const spoken = await page.evaluate(async () => {
      const region = document.querySelector('flowtap-execution')?.shadowRoot?.querySelector('[role=status]');
      const texts: string[] = [];
      await new Promise<void>((resolve) => {
        new MutationObserver(() => {
          texts.push(region?.textContent ?? '');
          if (region?.textContent?.includes('ended') === true) resolve();
        }).observe(region ?? document, { childList: true, subtree: true, characterData: true });
      });
      return texts;
    });
    expect(spoken).toEqual(['The execution has ended: failed.']);
  });

  test('with reduced motion and forced colors, nothing moves and the bars are shown', async () => {
    const page = await world.open([await world.order(orderFlow('succeeds'), 5_000)], {
      forcedColors: 'active',
      reducedMotion: 'reduce',
    });
    await untilPhase(page, 'live');
    await page.locator('.bar.running').first().waitFor();
    const moving = await page
      .locator('flowtap-execution *')
      .evaluateAll((elements) => elements.filter((element) => element.getAnimations().length > 0).length);
    expect(moving).toBe(0);
  });
});

/**
 * Tests what helps a reader to understand <flowtap-execution>: counts, colours, reasons, time zones, and rows that
 * are not cut off. Runs in Chromium.
 */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { hasChromium } from '../support/chromium.ts';
import { orderFlow } from './order-flow.ts';
import { shownSteps, untilPhase } from './viewer-page.ts';
import { type ViewerWorld, openViewerWorld } from './viewer-world.ts';

describe.runIf(hasChromium())('a reader of <flowtap-execution>', () => {
  let world: ViewerWorld;
  let failed: string;
  let succeeded: string;
  beforeAll(async () => {
    world = await openViewerWorld();
    ({ failed, succeeded } = await world.endedOrders());
  });
  afterAll(() => world.close());

  const legend = (page: Page): Promise<string[]> =>
    page.getByRole('list', { name: 'Colours of the bars' }).getByRole('listitem').allInnerTexts();

  test('sees counts of steps and of failed, handled and retried steps that match the rows', async () => {
    for (const id of [failed, succeeded]) {
      const page = await world.openEnded(id, { viewport: { width: 1280, height: 1600 } });
      const rows = await shownSteps(page);
      const count = (status: string): number => rows.filter((row) => row.status === status).length;
      const title = (await page.locator('#steps-title').innerText()).replaceAll(/\s+/g, ' ');
      expect(title).toContain(`Steps ${rows.length}, among them 2 branches and 3 iterations`);
      for (const status of ['Failed', 'Handled', 'Retried']) {
        const words = `${count(status)} ${status.toLowerCase()}`;
        if (count(status) > 0) expect(title).toContain(words);
        else expect(title).not.toContain(status.toLowerCase());
      }
    }
  });

  test('finds exactly the colours of the shown execution in the legend', async () => {
    const handled = ['Failed attempt, retried or handled', 'Pause before a retry', 'Wait'];
    expect(await legend(await world.openEnded(succeeded))).toEqual(['Succeeded', ...handled]);
    expect(await legend(await world.openEnded(failed))).toEqual(['Succeeded', 'Failed', ...handled]);
    const running = await world.open([await world.order(orderFlow('succeeds'), 8_000)]);
    await untilPhase(running, 'live');
    expect(await legend(running)).toContain('Running');
  });

  test('sees why a step was retried, and sees red only for the failure that ended the execution', async () => {
    const page = await world.openEnded(failed);
    const step = (name: string) => page.locator('.step').filter({ hasText: name });
    const reason = step('AuthorizePayment').locator('.error');
    expect(await reason.innerText()).toBe('PaymentGateway.Timeout');
    expect(await reason.getAttribute('title')).toBe('retried after PaymentGateway.Timeout');
    expect(await step('AuthorizePayment').locator('.unseen').first().textContent()).toContain(
      'attempt 1 failed after 3.1 s with PaymentGateway.Timeout',
    );
    const colourOf = (name: string, part: string): Promise<string> =>
      step(name)
        .locator(part)
        .first()
        .evaluate((element) => getComputedStyle(element).backgroundColor);
    const red = await colourOf('CapturePayment', '.bar');
    expect(await colourOf('AuthorizePayment', '.part.failed')).not.toBe(red);
    expect(await colourOf('ReserveStock', '.bar')).not.toBe(red);
  });

  test('finds an arrow in place of a bar out of sight, and the arrow leads to the bar', async () => {
    const page = await world.openEnded(failed);
    const bar = page.locator('.culprit .bar');
    const arrow = page.locator('.culprit .edge.after');
    for (const _ of [1, 2, 3]) await page.getByRole('button', { name: 'Zoom in' }).click();
    await arrow.waitFor();
    expect(await bar.count()).toBe(0);
    const length = async (): Promise<number> => {
      const [from = '', to = ''] =
        (await page.getByRole('slider').getAttribute('aria-valuetext'))?.split(' to ') ?? [];
      return Number.parseFloat(to) - Number.parseFloat(from);
    };
    const before = await length();
    await arrow.click();
    await bar.waitFor();
    expect(await length()).toBeCloseTo(before, 0);
    // Clicking the arrow does not select the row.
    expect(await page.locator('.step.selected').count()).toBe(0);
    await page.locator('[data-key="0"] .edge.before').waitFor();
  });

  test('sees the type name of AWS for each message, and the generic type on request', async () => {
    const page = await world.openEnded(succeeded);
    const first = page.locator('.message .type').first();
    expect(await first.innerText()).toBe('ExecutionStarted');
    const generic = page.getByRole('button', { name: 'Generic types' });
    await generic.focus();
    await page.keyboard.press('Enter');
    await expect.poll(() => first.innerText()).toBe('EXECUTION_STARTED');
    expect(await generic.getAttribute('aria-pressed')).toBe('true');
    await generic.click();
    await expect.poll(() => first.innerText()).toBe('ExecutionStarted');
  });

  test('sees the time zone', async () => {
    const page = await world.openEnded(failed, { timezoneId: 'Asia/Tokyo' });
    expect(await page.locator('.facts').innerText()).toMatch(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d GMT\+9/);
    expect(await page.locator('.head .start').getAttribute('title')).toContain('Asia/Tokyo');
    expect(await page.locator('.head .start').innerText()).toBe('Started GMT+9');
    expect(await page.locator('.head .clock').innerText()).toBe('Time GMT+9');
    await page.locator('.message').first().click();
    expect(await page.locator('.detail').innerText()).toMatch(/:\d\d\.\d{3} GMT\+9 \(/);
  });

  test('sees the lines of the time axis only at the height of the bars, even if these are below the names', async () => {
    const page = await world.openEnded(failed, { viewport: { width: 320, height: 900 } });
    const mask = await page.locator('.grid-lines').evaluate((lines) => getComputedStyle(lines).maskImage);
    const label = await page.locator('.step .name').first().boundingBox();
    const row = await page.locator('.step').first().boundingBox();
    const nameEndPx = (label?.y ?? 0) + (label?.height ?? 0) - (row?.y ?? 0);
    const lineStartPx = Number(/ (\d+)px, rgb\(0, 0, 0\) \1px/.exec(mask)?.[1]);
    expect(lineStartPx).toBeGreaterThanOrEqual(nameEndPx);
  });

  test.each([1280, 320])(
    'sees a few steps without scrolling their grid, and only whole rows of messages, at %i px',
    async (width) => {
      const page = await world.openEnded(succeeded, { viewport: { width, height: 777 } });
      const sizes = (grid: string) =>
        page.locator(grid).evaluate((element) => {
          const row = element.querySelector('.step, .message')?.getBoundingClientRect().height ?? 0;
          const { height, position } = getComputedStyle(element.querySelector('.head-group') ?? element);
          const headPx = position === 'sticky' ? Number.parseFloat(height) : 0;
          const { clientHeight, scrollHeight } = element;
          return { row, isScrolled: scrollHeight > clientHeight, rows: (clientHeight - headPx) / row };
        });
      expect(await sizes('.steps-grid')).toMatchObject({ isScrolled: false });
      const { isScrolled, rows } = await sizes('.messages-grid');
      expect(isScrolled).toBe(true);
      expect(rows % 1).toBeCloseTo(0, 2);
    },
  );

  test('sees the whole text of a refusal at 320 px', async () => {
    const id = 'urn:tdm:us-west-2/123456789012/default:Workflow:Refused_1';
    world.ticketAnswers.set(id, async () => Response.json({}, { status: 403 }));
    const page = await world.open([id], { viewport: { width: 320, height: 700 } });
    await untilPhase(page, 'not-allowed');
    const banner = page.locator('.banner');
    expect(await banner.innerText()).toContain('You do not have access to this execution.');
    for (const text of await banner.locator('p').all()) {
      const box = await text.boundingBox();
      expect((box?.x ?? 0) + (box?.width ?? 999)).toBeLessThanOrEqual(320);
    }
  });
});

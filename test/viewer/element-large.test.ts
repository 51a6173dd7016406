/** Tests <flowtap-execution> with 10,000 messages. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Page } from 'playwright-core';

import { hasChromium } from '../support/chromium.ts';
import { type PageTasks, tasksDuring } from './page-tasks.ts';
import { shownMessages, untilPhase } from './viewer-page.ts';
import { type ViewerWorld, openViewerWorld } from './viewer-world.ts';

const COUNT = 10_000;
const ID = 'urn:tdm:us-west-2/123456789012/default:Workflow:Large_1';
const TYPES = [
  'STEP_STARTED',
  'ACTIVITY_SCHEDULED',
  'ACTIVITY_STARTED',
  'ACTIVITY_SUCCEEDED',
  'STEP_SUCCEEDED',
];

/** Returns a history of 2,000 steps with five messages each, in the format of `flowtap get --json`. */
function history(): string {
  const startMs = Date.now() - 3_600_000;
  const lines = Array.from({ length: COUNT }, (_, index) => {
    const step = `Step${Math.floor(index / 5)}`;
    return JSON.stringify({
      messageId: `m${index}`,
      eventType:
        index === 0 ? 'EXECUTION_STARTED' : index === COUNT - 1 ? 'EXECUTION_SUCCEEDED' : TYPES[index % 5],
      timestamp: new Date(startMs + index * 100).toISOString(),
      payload: `{stepId: ${step}, text: ${'x'.repeat(index % 200)}}`,
    });
  });
  return `${lines.join('\n')}\n`;
}

describe.runIf(hasChromium())('<flowtap-execution> with 10,000 messages', () => {
  let world: ViewerWorld;
  let page: Page;
  let opening: PageTasks;
  beforeAll(async () => {
    world = await openViewerWorld();
    const path = `/executions/${encodeURIComponent(ID)}/messages`;
    const imported = await world.world.admin('PUT', path, { body: history() });
    expect(await imported.text()).toContain(`"messageCount":${COUNT}`);
    page = await world.open([]);
    opening = await tasksDuring(world.browser, page, async () => {
      await page.evaluate(
        ({ service, url }) => {
          const element = document.createElement('flowtap-execution');
          element.setAttribute('service', service);
          element.setAttribute('ticket-url', url);
          document.body.append(element);
        },
        { service: world.world.url.href, url: `/ticket?execution=${encodeURIComponent(ID)}` },
      );
      await untilPhase(page, 'ended');
    });
  });
  afterAll(() => world.close());

  const rows = (): Promise<number> => page.locator('flowtap-execution [role=row]').count();

  test('opens in less than 2 s', async () => {
    expect(await shownMessages(page)).toHaveLength(COUNT);
    expect(opening.totalMs).toBeLessThan(2_000);
  });

  test('has at most 500 rows in the document', async () => {
    expect(await rows()).toBeLessThanOrEqual(500);
    expect(await page.locator('.messages-grid').getAttribute('aria-rowcount')).toBe(String(COUNT + 1));
  });

  test.each([
    ['messages', '.messages-grid', 100_000],
    ['steps', '.steps-grid', 20_000],
  ] as const)('scrolls its %s without blocking the page for more than 100 ms', async (_, name, farPx) => {
    const grid = page.locator(name);
    await grid.evaluate((element) => element.scrollTo(0, 0));
    let topPx = 0;
    const { longestMs } = await tasksDuring(world.browser, page, async () => {
      topPx = await grid.evaluate(async (element) => {
        let farthest = 0;
        for (let frame = 0; frame < 120; frame++) {
          // Scroll by a row or two, by a page, and sometimes by a twelfth of the list.
          element.scrollBy(0, frame % 10 === 9 ? element.scrollHeight / 12 : frame % 2 === 0 ? 90 : 700);
          await new Promise((resolve) => requestAnimationFrame(resolve));
          farthest = Math.max(farthest, element.scrollTop);
        }
        return farthest;
      });
    });
    expect(longestMs).toBeLessThanOrEqual(100);
    expect(longestMs).toBeGreaterThan(0);
    expect(topPx).toBeGreaterThan(farPx);
    expect(await rows()).toBeLessThanOrEqual(500);
  });

  test('renders the rows that are in view, wherever it is scrolled', async () => {
    const grid = page.locator('.messages-grid');
    for (const share of [1, 0.5, 0]) {
      await grid.evaluate((element, at) => element.scrollTo(0, at * element.scrollHeight), share);
      await expect
        .poll(() =>
          page.locator('.message').evaluateAll((messages) => {
            const box = messages[0]?.closest('.messages-grid')?.getBoundingClientRect();
            return messages
              .filter((row) => {
                const { top, bottom } = row.getBoundingClientRect();
                return box !== undefined && bottom > box.top && top < box.bottom;
              })
              .map((row) => Number(row.querySelector('.number')?.textContent));
          }),
        )
        .toContain(Math.max(1, Math.round(share * COUNT)));
    }
  });

  test('places the next row right below the details of an opened message, even far down the list', async () => {
    await page.locator('.messages-grid').evaluate((element) => element.scrollTo(0, 150_000));
    const row = page.locator('[data-message-id=m5010]');
    await row.waitFor();
    await row.click();
    await page.locator('.detail').waitFor();
    expect(await row.getAttribute('aria-expanded')).toBe('true');
    await expect
      .poll(async () => {
        const below = await page.locator('[data-message-id=m5011]').boundingBox();
        const detail = await page.locator('.detail').boundingBox();
        return Math.round((below?.y ?? 0) - ((detail?.y ?? 0) + (detail?.height ?? 0)));
      })
      .toBe(0);
  });

  test('states which rows of the steps are in view, and shows that more follow', async () => {
    const grid = page.locator('.steps-grid');
    const text = page.locator('.in-view');
    await grid.evaluate((element) => element.scrollTo(0, 0));
    await expect.poll(() => text.innerText()).toMatch(/^Rows 1–\d\d of 2,000$/);
    expect(await grid.getAttribute('class')).toContain('more');
    await grid.evaluate((element) => element.scrollTo(0, element.scrollHeight));
    await expect.poll(() => text.innerText()).toMatch(/^Rows 1,9\d\d–2,000 of 2,000$/);
    await expect.poll(() => grid.getAttribute('class')).not.toContain('more');
  });
});

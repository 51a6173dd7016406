/**
 * Tests the list at /watch in Chromium, with the real Worker and the lists of the emulator: live updates, filters,
 * and use with the keyboard alone.
 */
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

import { scenarioArn } from '../../src/emulator/scenarios/step-functions-catalog.ts';
import { violationsOfAxe } from '../support/axe.ts';
import { hasChromium, launchChromium, openPage } from '../support/chromium.ts';
import { type World, openWorld } from '../support/on-workerd.ts';
import { enterKey } from './watch-page.ts';

const HOME = 'arn:aws:states:us-west-2:123456789012';
const DOOR = `${HOME}:stateMachine:Door`;
const LAMP = `${HOME}:stateMachine:Lamp`;
const DAY_MS = 86_400_000;

let world: World;
let browser: Browser;
let apiKey: string;
beforeAll(async () => {
  if (!hasChromium()) return;
  [world, browser] = await Promise.all([openWorld(), launchChromium()]);
  apiKey = await world.key({ executions: [`${HOME}:execution:Door:*`, `${HOME}:execution:Lamp:*`] });
  const now = Date.now();
  await world.control('/runs', {
    stateMachineArn: DOOR,
    runs: [
      ...Array.from({ length: 60 }, (_, n) => ({
        name: `visit-${n}`,
        startedAt: now - DAY_MS - n * 60_000,
        endedAt: now - DAY_MS - n * 60_000 + 3_000,
        status: n % 10 === 3 ? 'FAILED' : 'SUCCEEDED',
      })),
      { name: 'guard', startedAt: now - 60_000 },
    ],
  });
  await world.control('/runs', { stateMachineArn: LAMP, runs: [{ name: 'blink', startedAt: now - 90_000 }] });
});
afterEach(async () => {
  for (const context of browser?.contexts() ?? []) await context.close();
});
afterAll(async () => {
  await browser?.close();
  await world?.close();
});

const watch = (fragment = ''): string => new URL(`/watch${fragment}`, world.url).href;
const rows = (page: Page) => page.locator('table.executions tbody tr');
const row = (page: Page, name: string) =>
  rows(page).filter({ has: page.getByRole('link', { name, exact: true }) });

async function open(page: Page, fragment?: string): Promise<void> {
  await page.goto(watch(fragment));
  await enterKey(page, apiKey);
  await rows(page).first().waitFor();
}

test.runIf(hasChromium())(
  'with the filter Running, an execution appears when it starts and disappears when it ends',
  async () => {
    const { page, problems } = await openPage(browser);
    await open(page, `#flow=${DOOR}&status=RUNNING`);
    await row(page, 'guard').waitFor();
    expect(await rows(page).count()).toBe(1);
    const delivery = { name: 'delivery', startedAt: Date.now() };
    await world.control('/runs', { stateMachineArn: DOOR, runs: [delivery] });
    await row(page, 'delivery').getByText('Running', { exact: true }).waitFor();
    await world.control('/runs', {
      stateMachineArn: DOOR,
      runs: [{ ...delivery, endedAt: Date.now() }],
    });
    await row(page, 'delivery').waitFor({ state: 'detached' });
    await page.getByLabel('Running').uncheck();
    await row(page, 'delivery').getByText('Succeeded', { exact: true }).waitFor();
    expect(problems).toEqual([]);
  },
);

test.runIf(hasChromium())(
  'older executions are shown on request, each once, and the address contains the filters',
  async () => {
    const { page } = await openPage(browser);
    await open(page, `#flow=${DOOR}`);
    while ((await page.getByRole('button', { name: 'Show older' }).count()) > 0)
      await page.getByRole('button', { name: 'Show older' }).click();
    await row(page, 'visit-59').waitFor();
    const names = await rows(page).getByRole('link').allTextContents();
    expect(new Set(names).size).toBe(names.length);
    const inOrder = names.filter((name) => name.startsWith('visit-'));
    expect(inOrder).toEqual(Array.from({ length: 60 }, (_, n) => `visit-${n}`));

    await page.getByLabel('Failed').check();
    await page.getByLabel('Name begins with').fill('visit-2');
    await page.keyboard.press('Enter');
    await expect
      .poll(() => rows(page).getByRole('link').allTextContents(), { timeout: 60_000 })
      .toEqual(['visit-23']);
    expect(new URL(page.url()).hash).toBe(`#flow=${DOOR}&status=FAILED&namePrefix=visit-2`);
    await page.reload();
    await open(page, new URL(page.url()).hash);
    await expect
      .poll(() => rows(page).getByRole('link').allTextContents(), { timeout: 60_000 })
      .toEqual(['visit-23']);
    await page.getByLabel('Started').selectOption({ label: 'Last hour' });
    await page.getByText('No execution matches.').waitFor();
  },
);

test.runIf(hasChromium())(
  'a row shows when the execution started, with date and time zone, and stays compact on a narrow page',
  async () => {
    for (const width of [1280, 320]) {
      const { page } = await openPage(browser, {
        timezoneId: 'Asia/Tokyo',
        viewport: { width, height: 800 },
      });
      await open(page, `#flow=${DOOR}`);
      const time = row(page, 'visit-3').locator('time:visible');
      expect(await time.innerText()).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
      expect(await time.getAttribute('title')).toContain('GMT+9');
      await page.getByText('Times are in Asia/Tokyo.').waitFor();
      expect((await row(page, 'visit-3').boundingBox())?.height).toBeLessThanOrEqual(50);
    }
  },
);

test.runIf(hasChromium())('a narrow page shows all of a long name', async () => {
  const name = `2026-11-29T20-36-31-514Z_order-2026-${'4'.repeat(20)}`;
  await world.control('/runs', { stateMachineArn: LAMP, runs: [{ name, startedAt: Date.now() - 95_000 }] });
  const { page } = await openPage(browser, { viewport: { width: 320, height: 800 } });
  await open(page, `#flow=${LAMP}`);
  const link = row(page, name).getByRole('link');
  await link.waitFor();
  const { hidden, lines } = await link.evaluate((element) => ({
    hidden: element.scrollWidth - element.clientWidth,
    lines: element.clientHeight / Number.parseFloat(getComputedStyle(element).lineHeight),
  }));
  expect(hidden).toBe(0);
  expect(Math.round(lines)).toBeGreaterThan(1);
  const word = row(page, name).locator('.status-word');
  expect(await word.isVisible()).toBe(false);
  await page.setViewportSize({ width: 390, height: 800 });
  expect(await word.isVisible()).toBe(true);
  expect(await word.innerText()).toMatch(/^(?:Running|Succeeded) ·/);
});

test.runIf(hasChromium())(
  'the first flow is shown immediately, and flows, filters and executions can be reached with the keyboard alone',
  async () => {
    const { page, problems } = await openPage(browser);
    await page.goto(watch());
    // The field for the key has the focus.
    await page.keyboard.type(apiKey);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Door' }).waitFor();
    await rows(page).first().waitFor();
    const focused = () => page.evaluate(() => document.activeElement?.textContent?.trim() ?? '');
    const tabTo = async (isThere: () => Promise<boolean>) => {
      for (let presses = 0; presses < 60; presses++) {
        await page.keyboard.press('Tab');
        if (await isThere()) return;
      }
      throw new Error(`Tab does not reach the control; the focus is on '${await focused()}'`);
    };
    await tabTo(() =>
      page.getByRole('link', { name: /^Lamp/ }).evaluate((link) => link === document.activeElement),
    );
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Lamp' }).waitFor();
    await row(page, 'blink').waitFor();
    await tabTo(() => page.getByLabel('Running').evaluate((box) => box === document.activeElement));
    await page.keyboard.press('Space');
    await expect.poll(() => page.url()).toContain('status=RUNNING');
    await row(page, 'blink').waitFor();
    await tabTo(async () => (await focused()) === 'blink');
    await page.keyboard.press('Enter');
    await page.locator('flowtap-execution').getByText('Running').first().waitFor();
    await page.goBack();
    await row(page, 'blink').waitFor();
    expect(problems).toEqual([]);
  },
);

test.runIf(hasChromium())(
  'the list can be filtered by name, and an execution opened by its id, with the keyboard alone',
  async () => {
    const { page, problems } = await openPage(browser);
    await open(page, `#flow=${DOOR}`);
    const tabTo = async (label: string): Promise<void> => {
      const field = page.getByLabel(label);
      for (let presses = 0; presses < 90; presses++) {
        await page.keyboard.press('Tab');
        if (await field.evaluate((element) => element === document.activeElement)) return;
      }
      throw new Error(`Tab does not reach '${label}'`);
    };
    await tabTo('Name begins with');
    await page.keyboard.type('visit-3');
    await page.keyboard.press('Enter');
    await expect.poll(() => rows(page).getByRole('link').first().innerText()).toBe('visit-3');
    await tabTo('Open by id');
    await page.keyboard.type(`${HOME}:execution:Lamp:blink`);
    await page.keyboard.press('Enter');
    await page.locator('flowtap-execution').getByText('Running').first().waitFor();
    expect(new URL(page.url()).hash).toContain('execution:Lamp:blink');
    expect(problems).toEqual([]);
  },
);

test.runIf(hasChromium())(
  'an execution has links to its children, to its parent, and to the list of its flow',
  async () => {
    const { page, problems } = await openPage(browser);
    const parent = scenarioArn('Nested', Date.now() - 3_600_000, '00000000-0000-4000-8000-000000000000');
    await page.goto(watch(`#execution=${parent}`));
    await enterKey(page, await world.key());
    const children = page.getByRole('region', { name: 'Started by this execution' });
    await children.waitFor();
    const child = children.getByRole('link').first();
    const childId = (await child.getAttribute('title')) ?? '';
    expect(childId).toMatch(/^arn:aws:states:.*:execution:/);
    expect(childId).not.toBe(parent);
    await child.click();
    await page.locator('flowtap-execution').getByText('Succeeded').first().waitFor();
    expect(await page.locator('.trail [aria-current]').getAttribute('title')).toBe(childId);
    await page.getByText('Started by').getByRole('link').click();
    await expect.poll(() => page.locator('.trail [aria-current]').getAttribute('title')).toBe(parent);
    await page.getByRole('navigation', { name: 'Breadcrumb' }).getByRole('link').last().click();
    await rows(page).first().waitFor();
    expect(problems).toEqual([]);
  },
);

test.runIf(hasChromium()).each(['light', 'dark'] as const)(
  'axe finds no violation on the list in the %s theme',
  async (colorScheme) => {
    for (const width of [1280, 320]) {
      const { page } = await openPage(browser, { colorScheme, viewport: { width, height: 800 } });
      await open(page, `#flow=${DOOR}&from=2020-01-01T00:00`);
      expect(await violationsOfAxe(page)).toEqual([]);
      expect(
        await page.evaluate(() => document.documentElement.scrollWidth - innerWidth),
      ).toBeLessThanOrEqual(0);
    }
  },
);

/** Tests the page at /watch in Chromium, with the real Worker: links with tickets, and a key that stays in memory. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import { watchLink } from '../../src/core/watch-link.ts';
import { scenarioId } from '../../src/emulator/scenarios/catalog.ts';
import { executionTitle } from '../../src/viewer/element/execution-title.ts';
import { type CommandUnderTest, commandFor } from '../cli/command-under-test.ts';
import { violationsOfAxe } from '../support/axe.ts';
import { hasChromium, launchChromium, openPage } from '../support/chromium.ts';
import { type World, openWorld } from '../support/on-workerd.ts';
import { enterKey } from './watch-page.ts';

/** An execution that failed an hour ago. */
const FAILED = scenarioId(
  'FailingFlow',
  Date.now() - 3_600_000,
  'Door',
  '00000000-0000-4000-8000-000000000000',
);

let world: World;
let browser: Browser;
let command: CommandUnderTest;
let apiKey: string;
beforeAll(async () => {
  if (!hasChromium()) return;
  [world, browser] = await Promise.all([openWorld(), launchChromium()]);
  apiKey = await world.key();
  command = await commandFor(world, apiKey);
});
afterEach(async () => {
  for (const context of browser?.contexts() ?? []) await context.close();
});
afterAll(async () => {
  await command?.stop();
  await browser?.close();
  await world?.close();
});

const at = (path: string): string => new URL(path, world.url).href;

/** Returns everything that the page has stored in the browser, its address included. */
const kept = (page: Page): Promise<string> =>
  page.evaluate(async () => {
    const places = {
      local: Object.entries(localStorage),
      session: Object.entries(sessionStorage),
      cookie: document.cookie,
      address: location.href,
      state: history.state as unknown,
      databases: await indexedDB.databases(),
      caches: await caches.keys(),
    };
    return JSON.stringify(places);
  });

describe.runIf(hasChromium())('a link', () => {
  test('from `flowtap link` opens the execution without a key, also after a reload', async () => {
    const { stdout } = await command.run(['link', FAILED]);
    const { page, problems } = await openPage(browser);
    await page.goto(stdout.trim());
    for (const reload of [false, true]) {
      if (reload) await page.reload();
      await page.getByText('Step3OpenDoor').first().waitFor();
      await page.getByText('Failed').first().waitFor();
      expect(await page.getByLabel('API key', { exact: true }).count()).toBe(0);
    }
    expect(problems).toEqual([]);
  });

  test('without a ticket asks for a key before it shows the execution', async () => {
    const { page, problems } = await openPage(browser);
    await page.goto(watchLink(world.url.href, { execution: FAILED }));
    await page.getByText('This link shows an execution to people with an API key').waitFor();
    expect(await page.locator('.wanted').innerText()).toContain(executionTitle(FAILED).name);
    await page.getByRole('button', { name: 'Open this execution' }).waitFor();
    await enterKey(page, apiKey);
    await page.getByText('Step3OpenDoor').first().waitFor();
    expect(problems).toEqual([]);
  });

  test('with a message opens the message, and the address changes with the message that the reader opens', async () => {
    const { stdout } = await command.run(['link', FAILED]);
    const { page } = await openPage(browser);
    await page.goto(stdout.trim());
    await page.getByRole('button', { name: /^Show message / }).click();
    await expect.poll(() => new URL(page.url()).hash).toMatch(/&ticket=.*&message=.+/);
    await page.reload();
    await page.locator('flowtap-execution').getByText('bolt stuck (E42)').nth(1).waitFor();
  });

  test.each(['light', 'dark'] as const)(
    'that has expired states in plain words what to do, in the %s theme',
    async (colorScheme) => {
      const { stdout } = await command.run(['link', FAILED, '--ttl', '1s']);
      const { page } = await openPage(browser, { colorScheme, viewport: { width: 320, height: 800 } });
      await page.goto(stdout.trim());
      const card = page.getByRole('region', { name: 'This link has expired' });
      await expect
        .poll(
          async () => {
            if ((await card.count()) === 0) await page.reload();
            return card.count();
          },
          { timeout: 60_000, interval: 500 },
        )
        .toBe(1);
      await page.reload();
      await card.waitFor();
      const words = await page.locator('main').innerText();
      expect(words).toContain('Ask the person who sent it for a new one.');
      expect(words).not.toMatch(/ticket|back end/i);
      expect(await page.getByRole('alert').innerText()).toContain('This link has expired');
      // There is no link to a list, because this reader is not allowed to see one.
      expect(await page.getByRole('navigation', { name: 'Breadcrumb' }).count()).toBe(0);
      expect(await page.locator('flowtap-execution').isVisible()).toBe(false);
      expect(await violationsOfAxe(page)).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(320);
    },
  );

  test('that is damaged offers to use a key instead, which also gives access to the list', async () => {
    const { stdout } = await command.run(['link', FAILED]);
    const { page } = await openPage(browser);
    await page.goto(`${stdout.trim()}x`);
    await page.getByRole('heading', { name: 'This link does not work' }).waitFor();
    await page.getByRole('link', { name: 'Open it with an API key' }).click();
    await enterKey(page, apiKey);
    await page.getByText('Step3OpenDoor').first().waitFor();
    const links = page.getByRole('navigation', { name: 'Breadcrumb' }).getByRole('link');
    expect(await links.allTextContents()).toEqual(['Executions', 'FailingFlow']);
  });

  test('to / opens /watch, which has a link to the documentation', async () => {
    const { page } = await openPage(browser);
    await page.goto(at('/'));
    expect(new URL(page.url()).pathname).toBe('/watch');
    await page.getByRole('link', { name: 'API', exact: true }).click();
    await page.getByRole('heading', { name: 'Flowtap' }).waitFor();
    expect(new URL(page.url()).pathname).toBe('/docs');
  });
});

describe.runIf(hasChromium())('a key', () => {
  test('is kept only in memory: not in storage or the address, and not after a reload', async () => {
    const { page } = await openPage(browser);
    const sent: { readonly url: string; readonly authorization: string | undefined }[] = [];
    page.on('request', (request) => {
      sent.push({ url: request.url(), authorization: request.headers()['authorization'] });
    });
    await page.goto(watchLink(world.url.href, { execution: FAILED }));
    await enterKey(page, apiKey);
    await page.getByText('Step3OpenDoor').first().waitFor();
    expect(sent.some(({ authorization }) => authorization === `Bearer ${apiKey}`)).toBe(true);
    expect(sent.filter(({ url }) => url.includes('ftk_') || !url.startsWith(world.url.origin))).toEqual([]);
    expect(await kept(page)).not.toContain('ftk_');
    expect(await page.content()).not.toContain('ftk_1');
    expect(await page.content()).not.toContain(apiKey);
    await page.reload();
    await page.getByLabel('API key', { exact: true }).waitFor();
  });

  test('that is wrong leads to an error message about the key, and can be corrected', async () => {
    const { page } = await openPage(browser);
    await page.goto(watchLink(world.url.href, { execution: FAILED }));
    for (const wrong of [`${apiKey.slice(0, -1)}_`, 'ö']) {
      await enterKey(page, wrong);
      await page.getByRole('alert').waitFor();
      expect(await page.getByRole('alert').textContent()).toMatch(/key/);
    }
    await enterKey(page, apiKey);
    await page.getByText('Step3OpenDoor').first().waitFor();
  });

  test('is forgotten when the reader signs out', async () => {
    const { page } = await openPage(browser);
    await page.goto(watchLink(world.url.href, { execution: FAILED }));
    await enterKey(page, apiKey);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('API key', { exact: true }).waitFor();
  });
});

test.runIf(hasChromium()).each(['light', 'dark'] as const)(
  'axe finds no violation on the page in the %s theme, wide or narrow',
  async (colorScheme) => {
    for (const width of [1280, 320]) {
      const { page, problems } = await openPage(browser, { colorScheme, viewport: { width, height: 800 } });
      await page.goto(at('/watch'));
      await page.getByLabel('API key', { exact: true }).waitFor();
      expect(await violationsOfAxe(page)).toEqual([]);
      await page.goto(watchLink(world.url.href, { execution: FAILED }));
      await enterKey(page, apiKey);
      await page.getByText('Step3OpenDoor').first().waitFor();
      expect(await violationsOfAxe(page)).toEqual([]);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(overflow).toBeLessThanOrEqual(0);
      expect(problems).toEqual([]);
    }
  },
);

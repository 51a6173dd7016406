/**
 * Tests the messages of <flowtap-execution> in Chromium: payloads, filters, copying, permalinks, and following new
 * messages.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Page } from 'playwright-core';

import { hasChromium } from '../support/chromium.ts';
import { EventScript } from './event-script.ts';
import { shownMessages, untilPhase } from './viewer-page.ts';
import { type ViewerWorld, openViewerWorld } from './viewer-world.ts';

const HOUR_MS = 3_600_000;

describe.runIf(hasChromium())('the messages of <flowtap-execution>', () => {
  let world: ViewerWorld;
  let failed: string;
  let succeeded: string;
  beforeAll(async () => {
    world = await openViewerWorld();
    ({ failed, succeeded } = await world.endedOrders());
  });
  afterAll(() => world.close());

  test('markup in payloads, errors and causes is shown as text', async () => {
    const markup = '<img src=x onerror="document.title=\'hacked\'"><script>document.title="hacked"</script>';
    const script = new EventScript();
    script
      .begin(markup)
      .enter(10, 'Task', markup, markup)
      .lambda(20, 90, { error: markup, cause: markup })
      .at(100, 'ExecutionFailed', { executionFailedEventDetails: { error: markup, cause: markup } });
    const page = await world.openEnded(await world.order(script, HOUR_MS));
    await page.locator('.failure').waitFor();
    for (const row of await page.locator('.message').all()) await row.click();
    await expect.poll(() => page.locator('.payload').count()).toBeGreaterThan(1);
    expect(await page.locator('flowtap-execution img, flowtap-execution script').count()).toBe(0);
    expect(await page.title()).toBe('Partner');
    expect(await page.locator('.failure').innerText()).toContain('<img src=x');
  });

  test('JSON is indented, and other text is unchanged', async () => {
    const id = 'urn:tdm:us-west-2/123456789012/default:Workflow:Texts_1';
    await world.world.script(id, [
      {
        messageId: 'a',
        eventType: 'EXECUTION_STARTED',
        payload: '{"big":12345678901234567890,"list":[1,2]}',
        timestamp: Date.now() / 1000 - 100,
      },
      {
        messageId: 'b',
        eventType: 'EXECUTION_SUCCEEDED',
        payload: '{not json}',
        timestamp: Date.now() / 1000 - 90,
      },
    ]);
    const page = await world.openEnded(id);
    await page.locator('.message').first().click();
    await page.locator('.message').last().click();
    await expect
      .poll(() => page.locator('.payload').allInnerTexts())
      .toEqual(['{\n  "big": 12345678901234567890,\n  "list": [\n    1,\n    2\n  ]\n}', '{not json}']);
  });

  test('messages are filtered by text, type and step', async () => {
    const page = await world.openEnded(succeeded);
    const count = () => page.locator('#messages-title .count').innerText();
    await page.getByLabel('Text in messages').fill('outofstock');
    await expect.poll(count).toBe('2 of 71');
    await page.getByRole('button', { name: 'Clear' }).click();
    await page.getByLabel('Type', { exact: true }).selectOption('ACTIVITY_FAILED');
    await expect.poll(count).toBe('3 of 71');
    await page.getByLabel('Type', { exact: true }).selectOption('LambdaFunctionFailed');
    await page.getByLabel('Step', { exact: true }).selectOption('AuthorizePayment');
    await expect.poll(count).toBe('2 of 71');
    await page.getByRole('button', { name: 'Clear' }).click();
    await page.locator('.step', { hasText: 'AuthorizePayment' }).click();
    await expect.poll(count).toBe('11 of 71');
  });

  test('messages can be downloaded, one JSON object per line', async () => {
    const page = await world.openEnded(succeeded);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download' }).click(),
    ]);
    expect(download.suggestedFilename()).toMatch(/^arn_aws_states.*\.ndjson$/);
    const stream = await download.createReadStream();
    const lines = (await stream.setEncoding('utf8').toArray()).join('').trim().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(await shownMessages(page));
  });

  test('a permalink opens its message', async () => {
    const page = await world.open([failed], { message: '33' });
    await page.locator('.detail').waitFor();
    const opened = page.locator('.message.opened');
    expect(await opened.getAttribute('data-message-id')).toBe('33');
    expect(await opened.isVisible()).toBe(true);
  });

  test('a permalink to an unknown message shows that there is no such message', async () => {
    const page = await world.openEnded(failed, { message: '9999' });
    expect(await page.locator('.messages').innerText()).toContain('There is no message 9999');
  });

  test('a payload, a message, its link and the id can be copied', async () => {
    const page = await world.openEnded(failed, { permissions: ['clipboard-read', 'clipboard-write'] });
    await page.locator('flowtap-execution').evaluate((element) => {
      Object.assign(element, {
        permalink: (message: string) => `https://partner.example/#message=${message}`,
      });
    });
    const copied = async (name: string): Promise<string> => {
      await page.getByRole('button', { name }).click();
      await page.getByRole('button', { name: 'Copied' }).first().waitFor();
      return page.evaluate(() => navigator.clipboard.readText());
    };
    await page.locator('.message').first().click();
    const [message] = await shownMessages(page);
    expect(await copied('Copy payload')).toBe(message?.payload);
    expect(await copied('Copy message')).toBe(JSON.stringify(message));
    expect(await copied('Copy link')).toBe('https://partner.example/#message=1');
    expect(await copied('Copy id')).toBe(failed);
  });

  test('the list of a running execution follows new messages, and keeps its position while it is paused', async () => {
    const id = 'urn:tdm:us-west-2/123456789012/default:Workflow:Followed_1';
    const messages = (first: number, count: number) =>
      Array.from({ length: count }, (_, index) => ({
        messageId: `m${first + index}`,
        eventType: 'STEP_STARTED',
      }));
    await world.world.script(id, messages(0, 60));
    const page = await world.open([id]);
    await untilPhase(page, 'live');
    const last = page.locator('[data-message-id=m59]');
    await last.waitFor();
    await page.getByRole('button', { name: 'Pause updates' }).click();
    const top = () => page.locator('.messages-grid').evaluate(({ scrollTop }) => scrollTop);
    const before = await top();
    await world.world.script(id, messages(60, 5), { append: true });
    const follow = page.getByRole('button', { name: 'Follow · 5 new' });
    await follow.waitFor();
    expect(await top()).toBe(before);
    await follow.click();
    await page.locator('[data-message-id=m64]').waitFor();
    expect(await top()).toBeGreaterThan(before);
  });

  const scrollBy = (page: Page, px: number): Promise<void> =>
    // Has the effect of dragging the scrollbar.
    page.locator('.messages-grid').evaluate((grid, by) => {
      grid.scrollTop += by;
    }, px);
  const swipe = async (page: Page, px: number): Promise<void> => {
    const grid = page.locator('.messages-grid');
    await grid.scrollIntoViewIfNeeded();
    const box = await grid.boundingBox();
    const session = await page.context().newCDPSession(page);
    const x = (box?.x ?? 0) + 100;
    const middle = (box?.y ?? 0) + (box?.height ?? 0) / 2;
    const touch = (type: 'touchStart' | 'touchMove', y: number) =>
      session.send('Input.dispatchTouchEvent', { type, touchPoints: [{ x, y }] });
    const fromY = middle + Math.sign(px) * 200;
    await touch('touchStart', fromY);
    for (let moved = 1; moved <= 20; moved++) await touch('touchMove', fromY - (px * moved) / 20);
    await session.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
  };

  test.each([
    ['Dragged', scrollBy],
    ['Swiped', swipe],
  ] as const)(
    '%s away from its end, the list of a running execution keeps its position; scrolled to the end, it follows new messages again',
    async (name, scroll) => {
      const id = `urn:tdm:us-west-2/123456789012/default:Workflow:${name}_1`;
      const append = (first: number, count: number) =>
        world.world.script(
          id,
          Array.from({ length: count }, (_, index) => ({
            messageId: `m${first + index}`,
            eventType: 'STEP_STARTED',
          })),
          { append: first > 0 },
        );
      await append(0, 60);
      const page = await world.open([id], { hasTouch: true });
      await page.locator('[data-message-id=m59]').waitFor();
      const top = () => page.locator('.messages-grid').evaluate(({ scrollTop }) => scrollTop);
      await scroll(page, -150);
      await page.getByRole('button', { name: 'Follow', exact: true }).waitFor();
      const before = await top();
      await append(60, 5);
      await page.getByRole('button', { name: 'Follow · 5 new' }).waitFor();
      expect(await top()).toBeLessThanOrEqual(before);
      await scroll(page, 400);
      await page.getByRole('button', { name: 'Pause updates' }).waitFor();
      await append(65, 30);
      await page.locator('[data-message-id=m94]').waitFor();
    },
  );

  test('with a ticket that shows no payloads, the element states that payloads are hidden', async () => {
    world.ticketAnswers.set(failed, () => world.ticket(failed, { payloads: 'names' }));
    const page = await world.openEnded(failed);
    await expect.poll(() => page.locator('.note').innerText()).toBe('Payloads hidden');
    expect(await page.locator('.failure').innerText()).toContain('Hidden: this view shows no payloads.');
    world.ticketAnswers.delete(failed);
  });
});

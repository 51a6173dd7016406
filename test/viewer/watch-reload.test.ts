/** Tests that reloading the page at /watch during an execution loses and repeats no message. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import { watchLink } from '../../src/core/watch-link.ts';
import { hasChromium, launchChromium, openPage } from '../support/chromium.ts';
import { type World, messagesPath, openWorld } from '../support/on-workerd.ts';
import { flow } from '../streams/scripted-flow.ts';
import { shownMessages, untilPhase } from './viewer-page.ts';
import { enterKey } from './watch-page.ts';

const COUNT = 30;
/** How many messages exist before the first reload, and after it. */
const [FIRST, SECOND] = [10, 20];

let world: World;
let browser: Browser;
let apiKey: string;
beforeAll(async () => {
  if (!hasChromium()) return;
  [world, browser] = await Promise.all([openWorld(), launchChromium()]);
  apiKey = await world.key();
});
afterEach(async () => {
  for (const context of browser?.contexts() ?? []) await context.close();
});
afterAll(async () => {
  await browser?.close();
  await world?.close();
});

const HISTORY = flow(COUNT, 0);

interface Started {
  readonly execution: string;
  readonly ticket: string;
  /** Scripts messages until the history has `count`. The last message ends the execution. */
  readonly happenUpTo: (count: number) => Promise<void>;
}

async function started(name: string): Promise<Started> {
  const execution = `urn:tdm:us-west-2/123456789012/default:Workflow:${name}_1`;
  let happened = 0;
  const happenUpTo = async (count: number): Promise<void> => {
    await world.script(execution, HISTORY.slice(happened, count), { append: happened > 0 });
    happened = count;
  };
  await happenUpTo(FIRST);
  const answer = await world.fetch(`/v1/executions/${encodeURIComponent(execution)}/tickets`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${apiKey}` },
  });
  // Safety: if the answer has no ticket, the page shows nothing and the test fails.
  const { ticket } = (await answer.json()) as { ticket: string };
  return { execution, ticket, happenUpTo };
}

const untilShown = (page: Page, count: number): Promise<void> =>
  expect.poll(async () => (await shownMessages(page)).length, { timeout: 60_000 }).toBe(count);

/** Returns all messages of the ended execution from the API. */
async function messagesOfApi(execution: string): Promise<unknown> {
  const answer = await world.fetch(messagesPath(execution, '?maxResults=250'), {
    headers: { Authorization: `Bearer ${apiKey}` },
  });
  // Safety: the answer is a page of messages.
  const { messages } = (await answer.json()) as { messages: readonly unknown[] };
  expect(messages).toHaveLength(COUNT);
  return messages;
}

async function expectAllOnce(page: Page, execution: string): Promise<void> {
  await untilPhase(page, 'ended');
  expect(await shownMessages(page)).toEqual(await messagesOfApi(execution));
  expect(await page.locator('.messages-grid').getAttribute('aria-rowcount')).toBe(String(COUNT + 1));
}

describe.runIf(hasChromium())('after a reload, a running execution', () => {
  test('that was opened by a link with a ticket shows every message once, without asking for a key', async () => {
    const { execution, ticket, happenUpTo } = await started('ByTicket');
    const { page, problems } = await openPage(browser);
    await page.goto(watchLink(world.url.href, { execution, ticket }));
    await untilShown(page, FIRST);
    await Promise.all([page.reload(), happenUpTo(SECOND)]);
    await untilShown(page, SECOND);
    await page.reload();
    await untilPhase(page, 'live');
    expect(await page.getByLabel('API key', { exact: true }).count()).toBe(0);
    await happenUpTo(COUNT);
    await expectAllOnce(page, execution);
    expect(problems).toEqual([]);
  });

  test('that was opened with a key shows every message once, after the page has asked for the key and explained why', async () => {
    const { execution, happenUpTo } = await started('ByKey');
    const { page, problems } = await openPage(browser);
    await page.goto(watchLink(world.url.href, { execution }));
    await page.getByText('This link shows an execution to people with an API key').waitFor();
    await enterKey(page, apiKey);
    await untilShown(page, FIRST);
    await Promise.all([page.reload(), happenUpTo(SECOND)]);
    await page.getByText('Keys are never stored, so reloading the page has signed you out.').waitFor();
    await enterKey(page, apiKey);
    await untilShown(page, SECOND);
    await happenUpTo(COUNT);
    await expectAllOnce(page, execution);
    expect(problems).toEqual([]);
  });
});

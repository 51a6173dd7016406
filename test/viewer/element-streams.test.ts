/**
 * Tests how <flowtap-execution> handles lost connections, expiring tickets, hidden tabs, and pages with more elements
 * than they can open streams.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Page } from 'playwright-core';

import { openCuttingProxy } from '../client/cutting-proxy.ts';
import { flow } from '../streams/scripted-flow.ts';
import { hasChromium } from '../support/chromium.ts';
import { shownMessages, untilPhase } from './viewer-page.ts';
import { type ViewerWorld, openViewerWorld } from './viewer-world.ts';

const idOf = (name: string): string => `urn:tdm:us-west-2/123456789012/default:Workflow:${name}_1`;

describe.runIf(hasChromium())('the connection of <flowtap-execution>', () => {
  let world: ViewerWorld;
  beforeAll(async () => {
    world = await openViewerWorld();
  });
  afterAll(() => world.close());

  const scripted = async (
    name: string,
    count: number,
    everyMs: number,
    terminal?: string,
  ): Promise<string> => {
    const id = idOf(name);
    await world.world.script(id, flow(count, everyMs, { ...(terminal !== undefined && { terminal }) }));
    return id;
  };
  const idsShown = async (page: Page, index = 0) =>
    (await shownMessages(page, index)).map(({ messageId }) => messageId);
  const phases = (page: Page): Promise<readonly string[]> => page.locator('.phase').allInnerTexts();
  const expectedIds = (count: number): string[] => Array.from({ length: count }, (_, index) => `m${index}`);

  test('after lost connections, the element shows every message exactly once', async () => {
    const id = await scripted('Killed', 60, 100);
    let connections = 0;
    // The proxy cuts the first three connections after 700 ms.
    const proxy = await openCuttingProxy(world.world.url, () => (++connections <= 3 ? 700 : 2 ** 30));
    try {
      const page = await world.openEnded(id, { service: `${proxy.url}/` });
      expect(proxy.cuts).toBeGreaterThan(0);
      expect(await idsShown(page)).toEqual(expectedIds(60));
      // There is one row for each message, besides the header row.
      expect(await page.locator('.messages-grid').getAttribute('aria-rowcount')).toBe('61');
    } finally {
      await proxy.close();
    }
  });

  test('a reload of the page during an execution loses and repeats no message', async () => {
    const id = idOf('Reloaded');
    const history = flow(30, 0);
    await world.world.script(id, history.slice(0, 12));
    const page = await world.open([id]);
    await untilPhase(page, 'live');
    expect(await idsShown(page)).toEqual(expectedIds(12));
    await Promise.all([page.reload(), world.world.script(id, history.slice(12, 20), { append: true })]);
    await untilPhase(page, 'live');
    await world.world.script(id, history.slice(20), { append: true });
    await untilPhase(page, 'ended');
    expect(await idsShown(page)).toEqual(expectedIds(30));
  });

  test('a ticket of 12 s is renewed, without a problem or a lost message', async () => {
    const id = await scripted('Renewed', 29, 500);
    const asked = world.ticketsAsked;
    world.ticketAnswers.set(id, () => world.ticket(id, { ttlSeconds: 12 }));
    const page = await world.open([id]);
    const problems: string[] = [];
    await page.exposeFunction('onProblem', (text: string) => problems.push(text));
    await page.evaluate(() =>
      document.addEventListener('problem', (event) =>
        // Safety: `onProblem` is exposed above, and the event has details.
        (window as unknown as { onProblem(text: string): void }).onProblem(
          JSON.stringify((event as CustomEvent).detail),
        ),
      ),
    );
    await untilPhase(page, 'ended');
    expect(await idsShown(page)).toEqual(expectedIds(29));
    expect(problems).toEqual([]);
    expect(world.ticketsAsked - asked).toBeGreaterThanOrEqual(2);
  });

  test('if a ticket cannot be renewed, the element shows that it has expired and keeps its messages', async () => {
    const id = await scripted('Expired', 4, 0, 'STEP_STARTED');
    let asked = 0;
    world.ticketAnswers.set(id, async () =>
      ++asked === 1 ? world.ticket(id, { ttlSeconds: 2 }) : Response.json({}, { status: 403 }),
    );
    const page = await world.open([id]);
    await untilPhase(page, 'ticket-expired');
    expect(await phases(page)).toEqual(['Expired']);
    expect(await page.locator('.banner').innerText()).toContain('has expired');
    expect(await idsShown(page)).toEqual(expectedIds(4));
    // From now on the endpoint gives tickets again, as it does after the reader has signed in.
    world.ticketAnswers.delete(id);
    await page.getByRole('button', { name: 'Try again' }).click();
    await untilPhase(page, 'live');
    expect(await idsShown(page)).toEqual(expectedIds(4));
  });

  test('if the page gets no ticket, the element shows that it has no access', async () => {
    const id = idOf('Refused');
    world.ticketAnswers.set(id, async () => Response.json({}, { status: 401 }));
    const page = await world.open([id]);
    await untilPhase(page, 'not-allowed');
    expect(await phases(page)).toEqual(['No access']);
  });

  test('the element shows that an unknown execution was not found', async () => {
    const page = await world.open([idOf('Unknown')]);
    await untilPhase(page, 'not-found');
    expect(await phases(page)).toEqual(['Not found']);
  });

  test('a hidden tab closes its stream, and resumes without loss when it is shown again', async () => {
    const id = await scripted('Hidden', 40, 200, 'STEP_STARTED');
    const page = await world.open([id]);
    await untilPhase(page, 'live');
    await setVisibility(page, 'hidden');
    await untilPhase(page, 'paused');
    await expect.poll(async () => (await world.world.activity(id)).streams, { timeout: 60_000 }).toBe(0);
    const whileHidden = (await idsShown(page)).length;
    expect(whileHidden).toBeLessThan(40);
    await setVisibility(page, 'visible');
    await expect.poll(() => idsShown(page), { timeout: 60_000 }).toEqual(expectedIds(40));
  });

  test('of seven elements on one page over HTTP/1.1, four stream and three poll until a stream is free', async () => {
    const names = ['A', 'B', 'C', 'D', 'E', 'F', 'G'].map((name) => `Many${name}`);
    const ids = await Promise.all(names.map((name) => scripted(name, 3, 0, 'STEP_STARTED')));
    const append = (index: number, eventType: string) =>
      world.world.script(ids[index] ?? '', [{ messageId: 'm3', eventType }], { append: true });
    const page = await world.open(ids);
    const shown = (states: Readonly<Record<string, number>>) =>
      expect
        .poll(async () => Object.groupBy(await phases(page), (phase) => phase), { timeout: 60_000 })
        .toEqual(
          Object.fromEntries(
            Object.entries(states).map(([state, count]) => [state, Array<string>(count).fill(state)]),
          ),
        );
    await shown({ 'Live · caught up': 4, 'Waiting for a slot': 3 });
    for (const index of ids.keys())
      await expect.poll(() => idsShown(page, index), { timeout: 60_000 }).toEqual(expectedIds(3));
    const polling = (await phases(page)).indexOf('Waiting for a slot');
    const live = (await phases(page)).indexOf('Live · caught up');
    await append(polling, 'STEP_STARTED');
    await expect.poll(() => idsShown(page, polling), { timeout: 60_000 }).toEqual(expectedIds(4));
    await append(live, 'EXECUTION_SUCCEEDED');
    await shown({ Ended: 1, 'Live · caught up': 4, 'Waiting for a slot': 2 });
    await expect.poll(() => idsShown(page, live), { timeout: 60_000 }).toEqual(expectedIds(4));
  });
});

/** Has the effect of switching to another tab and back. */
const setVisibility = (page: Page, state: DocumentVisibilityState): Promise<void> =>
  page.evaluate((visible) => {
    Object.defineProperty(document, 'visibilityState', { value: visible, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  }, state);

/** <flowtap-execution> on a partner's page in Chromium, under a strict Content-Security-Policy. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { toSteps } from '../../src/client/client.ts';
import { hasChromium } from '../support/chromium.ts';
import { EventScript } from './event-script.ts';
import { outlineOf, shownMessages, shownSteps, untilPhase } from './viewer-page.ts';
import { type ViewerWorld, openViewerWorld } from './viewer-world.ts';

describe.runIf(hasChromium())('<flowtap-execution>', () => {
  let world: ViewerWorld;
  let failed: string;
  let succeeded: string;
  beforeAll(async () => {
    world = await openViewerWorld();
    ({ failed, succeeded } = await world.endedOrders());
  });
  afterAll(() => world.close());

  test('a failed execution shows the step, error and cause of its failure above the steps', async () => {
    const page = await world.openEnded(failed);
    const panel = page.locator('.failure');
    await panel.waitFor();
    const text = await panel.innerText();
    expect(text).toContain('CapturePayment failed');
    expect(text).toContain('CardDeclined');
    expect(text).toContain('Card ending in 4242 was declined by the issuer: insufficient funds');
    const [panelTop, stepsTop] = await Promise.all(
      ['.failure', '.steps'].map(async (part) => (await page.locator(part).boundingBox())?.y ?? 0),
    );
    expect(panelTop).toBeLessThan(stepsTop ?? 0);
    expect(await page.locator('.culprit .label').innerText()).toBe('CapturePayment');
  });

  test('a button at the failure opens its message', async () => {
    const page = await world.openEnded(failed);
    await page.getByRole('button', { name: 'Show message 64' }).click();
    const detail = page.locator('.detail');
    await detail.waitFor();
    expect(await detail.innerText()).toContain('LambdaFunctionFailed (ACTIVITY_FAILED)');
    expect(await page.locator('.message.opened').getAttribute('data-message-id')).toBe('64');
    expect(await page.locator('flowtap-execution').getAttribute('message')).toBe('64');
  });

  test('failures that the execution survived are marked as handled', async () => {
    const page = await world.openEnded(succeeded);
    const rows = await shownSteps(page);
    expect(rows.filter(({ status }) => status === 'Failed')).toEqual([]);
    expect(rows.filter(({ status }) => status === 'Handled').map(({ name }) => name)).toEqual([
      'ReserveStock',
    ]);
    expect(rows.find(({ name }) => name === 'AuthorizePayment')).toMatchObject({
      status: 'Retried',
      attempts: '×3',
    });
    expect(await page.locator('.failure').count()).toBe(0);
  });

  test('branches, retries and iterations are nested as toSteps nests them', async () => {
    const page = await world.openEnded(succeeded, { viewport: { width: 1280, height: 1400 } });
    const outline = outlineOf(toSteps(await shownMessages(page)));
    expect((await shownSteps(page)).map(({ level, name }) => ({ level, name }))).toEqual(
      outline.map(({ level, step: { kind, name } }) => ({
        level,
        name: kind === 'branch' ? `Branch ${name}` : kind === 'iteration' ? `Iteration ${name}` : name,
      })),
    );
  });

  test('steps have a count of attempts; branches and iterations, which cannot be retried, have none', async () => {
    const page = await world.openEnded(succeeded, { viewport: { width: 1280, height: 1400 } });
    for (const { name, attempts } of await shownSteps(page))
      expect(attempts, name).toMatch(/^(?:Branch|Iteration) /.test(name) ? /^$/ : /^×\d$/);
  });

  test.each([1280, 800, 360])('bars match start and duration within a pixel at %i px', async (width) => {
    const page = await world.openEnded(succeeded, { viewport: { width, height: 1400 } });
    const execution = toSteps(await shownMessages(page));
    const zeroMs = Date.parse(execution.startedAt ?? '');
    const outline = outlineOf(execution);
    const rows = await shownSteps(page);
    expect(rows.length).toBeGreaterThan(10);
    for (const [index, { leftPx = Number.NaN, widthPx = Number.NaN, cellPx }] of rows.entries()) {
      const step = outline[index]?.step;
      const pxOf = (ms: number): number => (ms / (execution.durationMs ?? 0)) * cellPx;
      const expected = pxOf(Date.parse(step?.startedAt ?? '') - zeroMs);
      expect(Math.abs(leftPx - expected), `start of ${step?.name}`).toBeLessThanOrEqual(1);
      expect(
        Math.abs(widthPx - pxOf(step?.durationMs ?? 0)),
        `duration of ${step?.name}`,
      ).toBeLessThanOrEqual(1);
    }
  });

  test('the duration of a step grows while the step runs, and stops at its end', async () => {
    const script = new EventScript();
    script
      .begin()
      .task(10, 3_500, 'Work')
      .at(3_600, 'ExecutionSucceeded', {
        executionSucceededEventDetails: { output: '{}' },
      });
    const page = await world.open([await world.order(script, 0)]);
    await page.locator('.bar.running').waitFor();
    const durations = new Set<string>();
    await expect
      .poll(async () => durations.add(await page.locator('.step .duration').innerText()).size, {
        timeout: 60_000,
      })
      .toBeGreaterThan(2);
    await untilPhase(page, 'ended');
    expect(await page.locator('.step .duration').innerText()).toBe('3.5 s');
    expect(await page.locator('.bar.running').count()).toBe(0);
  });

  test('an element that gets another execution forgets the filter and failure of the first execution', async () => {
    const page = await world.openEnded(failed);
    await page.getByLabel('Text in messages').fill('nothing like it');
    await page
      .locator('flowtap-execution')
      .evaluate(
        (element, url) => element.setAttribute('ticket-url', url),
        `/ticket?execution=${encodeURIComponent(succeeded)}`,
      );
    await expect.poll(() => page.locator('#messages-title .count').innerText()).toBe('71');
    expect(await page.locator('.failure').count()).toBe(0);
  });

  test('the page learns the status and the end of the execution by events', async () => {
    const page = await world.open([]);
    const events = await page.evaluate(
      async (ticketUrl) => {
        const seen: string[] = [];
        const element = document.createElement('flowtap-execution');
        for (const type of ['status', 'ended', 'problem']) {
          // Safety: these events have details.
          element.addEventListener(type, (event) =>
            seen.push(`${type} ${JSON.stringify((event as CustomEvent).detail)}`),
          );
        }
        const over = new Promise((resolve) => element.addEventListener('ended', resolve));
        element.setAttribute('service', ticketUrl.service);
        element.setAttribute('ticket-url', ticketUrl.url);
        document.body.append(element);
        await over;
        return seen;
      },
      { service: world.world.url.href, url: `/ticket?execution=${encodeURIComponent(succeeded)}` },
    );
    expect(events.at(-1)).toBe('ended {"status":"SUCCEEDED"}');
    expect(events).toContain('status {"status":"SUCCEEDED","phase":"ended"}');
    expect(events.filter((event) => event.startsWith('problem'))).toEqual([]);
  });

  test('the element does not violate the Content-Security-Policy of the page', async () => {
    const page = await world.open([failed]);
    const violations: string[] = [];
    page.on('console', (message) => violations.push(message.text()));
    page.on('pageerror', (error) => violations.push(error.message));
    await page.reload();
    await untilPhase(page, 'ended');
    await page.getByRole('button', { name: 'Zoom in' }).click();
    await page.locator('.message').nth(3).click();
    await page.locator('.detail').waitFor();
    expect(violations).toEqual([]);
  });
});

/** The viewer in forced colors, where the reader's system chooses all colours. Runs in Chromium. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { watchLink } from '../../src/core/watch-link.ts';
import { hasChromium } from '../support/chromium.ts';
import { fillsOf, foreignColours } from './forced-colors.ts';
import { orderFlow } from './order-flow.ts';
import { untilPhase } from './viewer-page.ts';
import { type ViewerWorld, openViewerWorld } from './viewer-world.ts';
import { enterKey } from './watch-page.ts';

const DRAWN = '.bar, .part, .swatch, .edge, .dot, .live';

describe.runIf(hasChromium())('in forced colors', () => {
  let world: ViewerWorld;
  let running: string;
  let failed: string;
  beforeAll(async () => {
    world = await openViewerWorld();
    // This execution stays in the pause before its third attempt.
    running = await world.order(orderFlow('succeeds'), 60_000, 12_000);
    failed = await world.order(orderFlow('fails'), 3_600_000);
  });
  afterAll(() => world.close());

  test.each(['light', 'dark'] as const)(
    'bars, their parts, the legend and other marks use system colours in the %s theme',
    async (colorScheme) => {
      const page = await world.open([running, failed], {
        forcedColors: 'active',
        colorScheme,
        viewport: { width: 1280, height: 2400 },
      });
      await untilPhase(page, 'live');
      await untilPhase(page, 'ended', 1);
      await page.getByRole('button', { name: 'Zoom in' }).first().click();
      await page.locator('.edge').first().waitFor();
      const shown = (await fillsOf(page, DRAWN)).map(([name]) => name).join('\n');
      for (const part of ['bar running', 'bar failed', 'bar handled', 'wait', 'part pause', 'swatch', 'dot'])
        expect(shown).toContain(part);
      expect(await foreignColours(page, DRAWN)).toEqual([]);
    },
  );

  test('the legend is shown, all its patterns differ, and the bars have these patterns', async () => {
    const page = await world.open([running, failed], {
      forcedColors: 'active',
      viewport: { width: 1280, height: 2400 },
    });
    await untilPhase(page, 'live');
    await untilPhase(page, 'ended', 1);
    for (const legend of await page.locator('.legend').all()) expect(await legend.isVisible()).toBe(true);
    const patterns = new Map(
      (await fillsOf(page, '.swatch')).map(([name, fill]) => [name.replace('swatch ', ''), fill]),
    );
    expect([...patterns.keys()].toSorted()).toEqual([
      'failed',
      'handled',
      'pause',
      'running',
      'succeeded',
      'wait',
    ]);
    expect(new Set(patterns.values()).size).toBe(patterns.size);
    const fillOf = async (part: string): Promise<string | undefined> => (await fillsOf(page, part))[0]?.[1];
    expect(await fillOf('.bar.running:not(.wait, :has(.part))')).toBe(patterns.get('running'));
    expect(await fillOf('.bar.succeeded:not(.wait)')).toBe(patterns.get('succeeded'));
    expect(await fillOf('.bar.failed')).toBe(patterns.get('failed'));
    expect(await fillOf('.bar.handled')).toBe(patterns.get('handled'));
    expect(await fillOf('.bar.wait')).toBe(patterns.get('wait'));
    expect(await fillOf('.part.pause')).toBe(patterns.get('pause'));
    expect(await fillOf('.part.attempt.failed')).toBe(patterns.get('handled'));
    expect(await fillOf('.part.attempt.succeeded')).toBe(patterns.get('succeeded'));
  });

  test('at /watch, the bars, the legend and the live mark of the list use system colours', async () => {
    const page = await world.open([], { forcedColors: 'active' });
    await page.goto(watchLink(world.world.url.href, { execution: failed }));
    await enterKey(page, await world.world.key());
    await untilPhase(page, 'ended');
    expect((await fillsOf(page, '.bar')).length).toBeGreaterThan(5);
    expect(await page.locator('.legend').isVisible()).toBe(true);
    expect(await foreignColours(page, DRAWN)).toEqual([]);
    await page.getByRole('navigation', { name: 'Breadcrumb' }).getByRole('link').first().click();
    await page.locator('.live').waitFor();
    const sign = await page
      .locator('.live')
      .evaluate((live) => [getComputedStyle(live, '::before').backgroundColor, getComputedStyle(live).color]);
    expect(sign[0]).toBe(sign[1]);
  });
});

/**
 * Tests examples/embed, which is a page on another origin that shows an execution under its own strict policy. Also
 * tests the headers of the scripts and of /watch.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { PROJECT } from '../architecture/source-files.ts';
import { hasChromium, launchChromium, openPage } from '../support/chromium.ts';
import { openWorld } from '../support/on-workerd.ts';
import { flow } from '../streams/scripted-flow.ts';

test.runIf(hasChromium())(
  'a page on another origin needs only its own ticket endpoint to embed an execution',
  async () => {
    await using world = await openWorld();
    await world.script('order 4711', flow(4, 300, { terminal: 'EXECUTION_FAILED' }));
    const env = {
      ...process.env,
      FLOWTAP_URL: world.url.origin,
      FLOWTAP_API_KEY: await world.key(),
      PORT: '0',
    };
    const partner = spawn(process.execPath, [join(PROJECT, 'examples/embed/server.mjs')], { env });
    const browser = await launchChromium();
    try {
      const [line] = await once(partner.stdout, 'data');
      const [origin = ''] = /http:\/\/[\d.:]+/.exec(String(line)) ?? [];
      const { page, problems } = await openPage(browser);
      await page.goto(`${origin}/?id=order%204711`);
      await page.locator('flowtap-execution').getByText('Failed').first().waitFor();
      expect(problems).toEqual([]);
      expect(await page.content()).not.toContain('ftk_');
    } finally {
      await browser.close();
      partner.kill('SIGKILL');
    }
  },
);

test('any origin can load the element, and browsers check for a new version after five minutes', async () => {
  await using world = await openWorld();
  const { headers, status } = await world.fetch('/embed/v1.js');
  expect(status).toBe(200);
  expect(headers.get('Access-Control-Allow-Origin')).toBe('*');
  expect(headers.get('Cross-Origin-Resource-Policy')).toBe('cross-origin');
  expect(headers.get('Cache-Control')).toBe('public, max-age=300, stale-while-revalidate=86400');
  expect(headers.get('Content-Type')).toMatch(/^text\/javascript/);
});

test('the Content-Security-Policy of /watch permits only its own origin, and nothing unsafe', async () => {
  await using world = await openWorld();
  for (const path of ['/watch', '/watch/app.js', '/watch/page.css']) {
    const { headers, status } = await world.fetch(path);
    const policy = headers.get('Content-Security-Policy') ?? '';
    expect(status).toBe(200);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe|\*|https?:/);
  }
});

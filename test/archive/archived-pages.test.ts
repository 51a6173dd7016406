import { expect, test } from 'vitest';

import { ArchivedPages, FILTERED_PAGES_MAX } from '../../src/archive/archived-pages.ts';
import type { EncodedPage } from '../../src/messages/encoded-page.ts';

const pageOf = (bytes: number): EncodedPage => ({
  body: new Uint8Array(bytes),
  etag: '"etag"',
  cursor: 'cursor',
  next: { position: 1, fingerprint: '0123456789abcdef' },
  more: false,
});

const whole = (page: string) => ({ page, filter: '' });

test('a cached page is found only with the generation of its archive, its page key and its filter', () => {
  const pages = new ArchivedPages();
  const page = pageOf(10);
  pages.set('a', { page: 'full/100/', filter: 'STEP_FAILED' }, page);
  expect(pages.get('a', { page: 'full/100/', filter: 'STEP_FAILED' })).toBe(page);
  for (const [generation, key] of [
    ['b', { page: 'full/100/', filter: 'STEP_FAILED' }],
    ['a', { page: 'none/100/', filter: 'STEP_FAILED' }],
    ['a', { page: 'full/100/', filter: '' }],
    ['a', { page: 'full/100/', filter: 'STEP_STARTED' }],
  ] as const) {
    expect(pages.get(generation, key)).toBeUndefined();
  }
});

test('the pages of a busy execution never evict those of another execution, with or without filters', () => {
  const pages = new ArchivedPages(100_000);
  for (let n = 0; n < 10; n++) pages.set('quiet', whole(String(n)), pageOf(1_000));
  for (let n = 0; n < 500; n++) {
    pages.set('busy', whole(String(n)), pageOf(1_000));
    pages.set('busy', { page: '', filter: String(n) }, pageOf(1_000));
  }
  for (let n = 0; n < 10; n++) expect(pages.get('quiet', whole(String(n)))).toBeDefined();
});

test('filtered pages are bounded per execution and never evict its unfiltered pages', () => {
  const pages = new ArchivedPages();
  pages.set('a', whole('0'), pageOf(10));
  for (let n = 0; n < 500; n++) pages.set('a', { page: '', filter: String(n) }, pageOf(10));
  const kept = Array.from({ length: 500 }, (_, n) => pages.get('a', { page: '', filter: String(n) }));
  expect(kept.filter(Boolean)).toHaveLength(FILTERED_PAGES_MAX);
  expect(pages.get('a', whole('0'))).toBeDefined();
});

test('executions that are no longer read are evicted when the cache is full', () => {
  const pages = new ArchivedPages(100_000);
  for (let n = 0; n < 200; n++) pages.set(String(n), whole('0'), pageOf(1_000));
  const kept = Array.from({ length: 200 }, (_, n) => pages.get(String(n), whole('0')));
  expect(kept.at(-1)).toBeDefined();
  expect(kept[0]).toBeUndefined();
  expect(kept.filter(Boolean).length).toBeLessThan(100);
});

/** The site's pages that are built from the documents in docs/: the set of pages, and how Markdown is converted. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

import { PROJECT_ROOT } from '../../src/local/bundle.ts';
import { decisionsGuide, type Guide, guidePage } from '../../src/site/guide.ts';
import { rootFrom, SITE_PAGES } from '../../src/site/page.ts';
import { problemsPage, referencePage } from '../../src/site/pages.ts';

const DOCS = join(PROJECT_ROOT, 'docs');
const documents: Guide[] = readdirSync(DOCS, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.md'))
  .map((path) => ({ name: path.slice(0, -3), markdown: readFileSync(join(DOCS, path), 'utf8') }));
const guides = [...documents, decisionsGuide(documents)];
const names = new Set(guides.map(({ name }) => name));
const pages = new Map([
  ['/docs', referencePage()],
  ['/docs/problems', problemsPage()],
  ...guides.map((guide): [string, string] => [`/docs/${guide.name}`, guidePage(guide, names)]),
]);
const FILES = ['/openapi.json'];

const made = (markdown: string, name = 'a') =>
  guidePage({ name, markdown }, new Set(['a', 'b', 'decisions', 'decisions/0001-x']));

describe('the site', () => {
  test('has a page for each document in docs/, and every page links to all documents at the top level of docs/', () => {
    expect(names).toContain('http-api');
    const inDocs = [...names].filter((name) => !name.includes('/')).map((name) => `docs/${name}`);
    const led = SITE_PAGES.map(([path]) => path);
    expect(led.toSorted()).toEqual(['docs', 'docs/problems', 'openapi.json', ...inDocs].toSorted());
    for (const [path, html] of pages) {
      const root = rootFrom(path.slice(1));
      for (const target of led) expect(html, path).toContain(`<a href="${root}${target}"`);
    }
  });

  test.each([...pages])(
    'has no broken link on %s, whether it is served at the root or under a path prefix',
    (path, html) => {
      for (const [, href = ''] of html.matchAll(/<a href="([^"]*)"/g)) {
        if (/^https?:/.test(href)) continue;
        expect(href).not.toMatch(/^\//);
        const { pathname, hash } = new URL(href, `http://flowtap.example.com/prefix${path}`);
        const target = pathname.replace(/^\/prefix/, '');
        if (FILES.includes(target)) continue;
        const there = pages.get(target);
        expect(there, `${href} on ${path}`).toBeDefined();
        if (hash !== '') expect(there, href).toContain(`id="${decodeURIComponent(hash.slice(1))}"`);
      }
    },
  );

  test.each([...pages])(
    'loads nothing from other hosts on %s, and runs no inline script there',
    (_path, html) => {
      const loaded = [...html.matchAll(/<(?:script|link|img)[^>]* (?:src|href)="([^"]+)"/g)].map(
        ([, target]) => target,
      );
      expect(loaded.length).toBeGreaterThan(1);
      for (const target of loaded) expect(target).toMatch(/^(?:\.{1,2}\/|data:,$)/);
      expect(html).not.toMatch(/<script(?![^>]* src=)|<[^>]* on\w+=|<style/);
      expect(html).toContain('<link rel="icon" href="data:,">');
    },
  );
});

describe('a document', () => {
  test('keeps links to other documents, to sections and to other hosts', () => {
    const html = made('# A\n\n[b](b.md) [part](b.md#the-part) [own](#own) [out](https://example.com/x.md)');
    expect(html).toContain(
      '<a href="b">b</a> <a href="b#the-part">part</a> <a href="#own">own</a> <a href="https://example.com/x.md">out</a>',
    );
    expect(made('[up](../b.md) [all](./)', 'decisions/0001-x')).toContain('<a href="../b">up</a>');
    expect(made('[decisions/](decisions/)')).toContain('<a href="decisions">decisions/</a>');
  });

  test('shows a path instead of a link to a file that is not served', () => {
    const html = made('[curl](../examples/follow.sh), [examples/aws/](../examples/aws/), [c](c.md)');
    expect(html).toContain(
      '<p>curl (<code>examples/follow.sh</code>), <code>examples/aws/</code>, c (<code>docs/c.md</code>)</p>',
    );
  });

  test('has the same heading anchors as on GitHub', () => {
    const html = made("# A\n\n## What `a` client owes, & AWS's part\n\n## Twice\n\n## Twice");
    expect([...html.matchAll(/<h2 id="([^"]*)"/g)].map(([, id]) => id)).toEqual([
      'what-a-client-owes--awss-part',
      'twice',
      'twice-1',
    ]);
    expect(html).toContain('<li><a href="#twice-1">Twice</a></li>');
  });

  test('shows HTML in its Markdown as text', () => {
    expect(made('a <script>alert(1)</script> b\n\n<div onclick="x">')).not.toMatch(/<script|<div onclick/);
  });

  test('has tables that can scroll, and leaves out an empty header row', () => {
    expect(made('|  |  |\n| --- | --- |\n| `x` | y |')).toContain(
      '<div class="table"><table>\n<tbody><tr><td><code>x</code></td><td>y</td></tr>\n</tbody>\n</table></div>',
    );
  });
});

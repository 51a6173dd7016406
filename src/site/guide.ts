/**
 * Converts a Markdown document of docs/ to an HTML page under /docs, at build time only. A link to another document
 * becomes a link to its page. A link to a repository file that the service does not serve becomes the file's path as
 * text.
 */
import { Marked, type Tokens } from 'marked';

import { escape, page } from './page.ts';

export interface Guide {
  /** The path below docs/ without `.md`, such as `http-api` or `decisions/0001-failures-are-values`. */
  readonly name: string;
  readonly markdown: string;
}

interface Heading {
  readonly depth: number;
  readonly id: string;
  readonly html: string;
}

/** `names` has the names of all guides that are served. */
export function guidePage({ name, markdown }: Guide, names: ReadonlySet<string>): string {
  const headings: Heading[] = [];
  const marked = new Marked({
    gfm: true,
    renderer: {
      heading({ depth, tokens }: Tokens.Heading): string {
        const html = this.parser.parseInline(tokens);
        const id = freeId(plainText(html), headings);
        headings.push({ depth, id, html });
        return `<h${depth} id="${id}">${html}</h${depth}>\n${depth === 1 ? CONTENTS_PLACE : ''}`;
      },
      link({ href, tokens }: Tokens.Link): string {
        const html = this.parser.parseInline(tokens);
        const target = targetOf(href, name, names);
        if (target.type === 'address') return `<a href="${escape(target.address)}">${html}</a>`;
        const path = `<code>${escape(target.path)}</code>`;
        return plainText(html) === target.path ? path : `${html} (${path})`;
      },
      table({ header, rows }: Tokens.Table): string {
        const row = (cells: Tokens.TableCell[], tag: string) =>
          `<tr>${cells.map(({ tokens }) => `<${tag}>${this.parser.parseInline(tokens)}</${tag}>`).join('')}</tr>\n`;
        // Markdown requires a header row. Tables without column titles leave it empty, so it is omitted here.
        const head = header.some(({ text }) => text !== '') ? `<thead>${row(header, 'th')}</thead>\n` : '';
        const body = rows.map((cells) => row(cells, 'td')).join('');
        return `<div class="table"><table>\n${head}<tbody>${body}</tbody>\n</table></div>\n`;
      },
      // Our documents contain no HTML, so tags are escaped.
      html: ({ text }: Tokens.HTML | Tokens.Tag): string => escape(text),
    },
  });
  const html = marked.parse(markdown, { async: false });
  const title = plainText(headings.find(({ depth }) => depth === 1)?.html ?? name);
  const body = html.replace(CONTENTS_PLACE, () => contents(headings));
  return page({
    path: `docs/${name}`,
    title: `${title} · Flowtap`,
    body: `<main class="guide">\n${body}</main>\n`,
  });
}

/** Makes an index of docs/decisions/, because no document lists the decisions. */
export function decisionsGuide(guides: readonly Guide[]): Guide {
  const items = guides
    .filter(({ name }) => name.startsWith('decisions/'))
    .map(({ name, markdown }) => `- [${/^# (.*)$/m.exec(markdown)?.[1] ?? name}](${name}.md)\n`);
  return { name: 'decisions', markdown: `# Decisions\n\n${items.join('')}` };
}

const CONTENTS_PLACE = '<!-- contents -->\n';

/** A list of the sections, for documents with at least three. */
function contents(headings: readonly Heading[]): string {
  const sections = headings.filter(({ depth }) => depth === 2);
  if (sections.length < 3) return '';
  const items = sections.map(({ id, html }) => `<li><a href="#${id}">${html}</a></li>\n`);
  return `<nav class="contents" aria-label="On this page"><ul>\n${items.join('')}</ul></nav>\n`;
}

const plainText = (html: string): string =>
  html
    .replaceAll(/<[^>]*>/g, '')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');

/** Makes a heading's anchor in the same way as GitHub, so that a link works there and here. */
function freeId(text: string, taken: readonly Heading[]): string {
  const id = text
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
    .replaceAll(' ', '-');
  const isTaken = (candidate: string) => taken.some((heading) => heading.id === candidate);
  for (let count = 0, candidate = id; ; candidate = `${id}-${++count}`)
    if (!isTaken(candidate)) return candidate;
}

type Target =
  { readonly type: 'address'; readonly address: string } | { readonly type: 'file'; readonly path: string };

function targetOf(href: string, name: string, names: ReadonlySet<string>): Target {
  const repository = 'repository://files/';
  const url = new URL(href, `${repository}docs/${name}.md`);
  if (!url.href.startsWith(repository) || href.startsWith('#')) return { type: 'address', address: href };
  const path = url.pathname.slice(1);
  const guide = /^docs\/(.+?)(?:\.md|\/)$/.exec(path)?.[1];
  if (guide === undefined || !names.has(guide)) return { type: 'file', path };
  return { type: 'address', address: href.replace(/(?:\.md|\/)(?=#|$)/, '') };
}

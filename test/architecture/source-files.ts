/**
 * The source files as the architecture tests see them: text, text without comments, and what each imports,
 * types included. A scanner of our own, since a bundler forgets type imports, and TypeScript 7 has no API to
 * ask.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

export const PROJECT = fileURLToPath(new URL('../../', import.meta.url));

export interface SourceFile {
  /** From the top of the project, with slashes: `src/http/problem-response.ts`. */
  readonly path: string;
  readonly text: string;
  /** The text without its comments. */
  readonly code: string;
  /** Where it imports from: a path like the above for our own files, else the name as written. */
  readonly imports: readonly string[];
}

/** Every TypeScript file below `top`. */
export function sourceFiles(top: string): SourceFile[] {
  return readdirSync(join(PROJECT, top), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(PROJECT, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .toSorted()
    .map((path) => {
      const text = readFileSync(join(PROJECT, path), 'utf8');
      const code = withoutComments(text);
      return { path, text, code, imports: importsOf(path, code) };
    });
}

/** The directory that a file stands in, below `src/`; for a file right in `src/`, its name without `.ts`. */
export function roomOf(path: string): string {
  const inside = path.split('/').slice(1);
  return inside.length > 1 ? inside.slice(0, -1).join('/') : (inside[0]?.replace(/\.ts$/, '') ?? '');
}

/** The comment that a file begins with. */
export function headerOf(text: string): string {
  return /^\s*\/\*[\s\S]*?\*\//.exec(text)?.[0] ?? '';
}

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\b[^;'"`]*?\bfrom\s*(['"])(.+?)\1|(?:^|\n)\s*import\s*(['"])(.+?)\3|\bimport\(\s*(['"])(.+?)\5/g;

export function importsOf(path: string, code: string): string[] {
  return [...code.matchAll(IMPORT)]
    .map((match) => match[2] ?? match[4] ?? match[6] ?? '')
    .map((name) => (name.startsWith('.') ? posix.join(dirname(path), name) : name));
}

/**
 * Blanks out comments. Strings, templates and regular expressions are skipped, so that `'https://…'` is no
 * comment; inside a template everything is text, `${…}` too.
 */
export function withoutComments(text: string): string {
  let code = '';
  let at = 0;
  while (at < text.length) {
    const token = TOKENS.map((pattern) => stickyMatch(pattern, text, at)).find(
      (found) => found !== undefined,
    );
    const taken = token ?? text.charAt(at);
    const isComment = taken.startsWith('//') || taken.startsWith('/*');
    const isRegExp = taken.startsWith('/') && !isComment && taken.length > 1;
    if (isRegExp && !maybeRegExp(code)) {
      code += '/';
      at += 1;
    } else {
      code += isComment ? ' ' : taken;
      at += taken.length;
    }
  }
  return code;
}

const TOKENS = [
  /\/\/[^\n]*/y,
  /\/\*[\s\S]*?\*\//y,
  /'(?:\\[\s\S]|[^'\\\n])*'/y,
  /"(?:\\[\s\S]|[^"\\\n])*"/y,
  /`(?:\\[\s\S]|[^`\\])*`/y,
  /\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\//y,
];

function stickyMatch(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

/** A slash begins a regular expression where a value can't have ended. */
const maybeRegExp = (before: string) => /(?:^|[(,=:[!&|?{};+\n]|\breturn|=>)\s*$/.test(before.slice(-40));

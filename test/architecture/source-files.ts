/**
 * Reads source files for the architecture tests: the text, the text without comments, and all imports including types.
 * It has its own scanner, because bundlers drop type imports and TypeScript 7 has no API for this.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

export const PROJECT = fileURLToPath(new URL('../../', import.meta.url));

export interface SourceFile {
  /** Relative to the top of the project, with slashes: `src/http/problem-response.ts`. */
  readonly path: string;
  readonly text: string;
  /** The text without its comments. */
  readonly code: string;
  /** The modules that the file imports: project files in the form of `path`, packages as written. */
  readonly imports: readonly string[];
}

/** Reads every TypeScript file below `top`. */
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

/** Returns the file's directory, relative to `src/`. For a file directly in `src/`, returns its name without `.ts`. */
export function roomOf(path: string): string {
  const inside = path.split('/').slice(1);
  return inside.length > 1 ? inside.slice(0, -1).join('/') : (inside[0]?.replace(/\.ts$/, '') ?? '');
}

/** Returns the comment that a file begins with, or an empty text. */
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
 * Removes comments. Skips strings, templates and regular expressions, so that the slashes in `'https://…'` begin no
 * comment. A whole template counts as text, including its `${…}`.
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

/** A slash begins a regular expression if the text before it cannot be the end of a value. */
const maybeRegExp = (before: string) => /(?:^|[(,=:[!&|?{};+\n]|\breturn|=>)\s*$/.test(before.slice(-40));

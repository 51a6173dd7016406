/** Finds phrases that readers stumble over, and suggests replacements. Enforces "How we write" in CONTRIBUTING.md. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT } from './source-files.ts';

/** Each phrase with plain words to use instead. The patterns cover other tenses and the plural, too. */
const PHRASES: readonly (readonly [RegExp, string])[] = [
  [/\b(?:[Ii]s|[Aa]re|was|were|be) none\b/g, 'is not a …, does not belong to …, not found'],
  [/\bthere(?:'s| is| are| was| were)(?: \w+)? none\b/gi, 'not found, missing, absent'],
  [/\b(?:is|are|was|were|be|been|being|gets?) told\b/gi, 'receives, learns, gets'],
  [/\bwho(?:ever|soever)\b/gi, 'the caller, the client, the first reader: name them'],
  [/\bwhat (?:came|comes)\b/gi, 'the request, the answer, the message: name it'],
  [/\b(?:goes|going|went|gone) on\b/gi, 'continues, resumes, keeps'],
  [/\blet(?:s|ting)? in\b/gi, 'authenticates, admits, accepts'],
  [/\b(?:takes?|took|taking|takes? their|takes? its) turns?\b/gi, 'runs one at a time, queues'],
  [/\bas (?:it|they|he|one) (?:may|might)\b/gi, 'as allowed, up to its limit'],
  [/\bsaid\b/gi, 'wrote, answered, reported; or cut it'],
  [/\b(?:comes?|came|coming) back\b/gi, 'reconnects, retries, returns'],
  [/\bas good as\b/gi, 'counts as, is treated as, is ignored'],
  [/\bbefalls?\b|\bhowever that goes\b|\bas told\b/gi, 'name what happens'],
  [/\b(?:is|are) no (?:end|host|JSON|key|number|requests?|URL|UTF-8)\b/g, 'is not a …'],
];

/**
 * Covers all files that people read: sources, tests, documents, examples. Skips the files of this rule, which quote the
 * phrases, and recorded data.
 */
const READ = /^(?:src|test|bench|docs|examples|\.ci|\.github)\/|^[A-Z]+\.md$/;
const NOT_PROSE = /^test\/data\/|^test\/architecture\/phrases|\.(?:json|jsonl|lock|png|svg)$|^LICENSE/;

export interface FoundPhrase {
  readonly path: string;
  readonly phrase: string;
  readonly instead: string;
}

export function foundPhrases(): FoundPhrase[] {
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], {
    cwd: PROJECT,
    encoding: 'utf8',
  });
  return listed
    .split('\0')
    .filter((path) => READ.test(path) && !NOT_PROSE.test(path) && existsSync(join(PROJECT, path)))
    .flatMap((path) =>
      phrasesIn(readFileSync(join(PROJECT, path), 'utf8')).map((found) => ({ path, ...found })),
    );
}

/** Also finds phrases that continue on the next line of a comment. */
export function phrasesIn(text: string): Omit<FoundPhrase, 'path'>[] {
  const prose = text.replaceAll(/\s*\n[\s*/#>|]*/g, ' ');
  return PHRASES.flatMap(([pattern, instead]) =>
    [...prose.matchAll(pattern)].map(([phrase]) => ({ phrase, instead })),
  );
}

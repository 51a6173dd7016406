import { readFileSync } from 'node:fs';

import { describe, expect, test } from 'vitest';

import { problemsPage } from '../../src/site/pages.ts';
import { PROBLEM_TEXTS } from '../../src/site/problem-texts.ts';

/** Statuses and codes as the one switch that gives them has them. */
function givenCodes(): string[] {
  const source = readFileSync(new URL('../../src/http/problem.ts', import.meta.url), 'utf8');
  return [...source.matchAll(/status: (\d{3}),\s+code: '(\w+)'/g)].map(
    ([, status, code]) => `${status} ${code}`,
  );
}

describe('/docs/problems', () => {
  test('has a paragraph for every code that is given, with its status, and no other', () => {
    const explained = PROBLEM_TEXTS.flatMap(({ code, statuses }) =>
      statuses.map((status) => `${status} ${code}`),
    );
    expect(givenCodes().length).toBeGreaterThan(20);
    expect([...new Set(givenCodes())].toSorted()).toEqual(explained.toSorted());
  });

  test('has the anchor that a problem’s type points at', () => {
    const page = problemsPage();
    for (const { code } of PROBLEM_TEXTS) expect(page).toContain(`<section id="${code}">`);
  });
});

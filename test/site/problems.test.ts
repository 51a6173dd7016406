import { describe, expect, test } from 'vitest';

import { PROBLEM_STATUS } from '../../src/problems/problem-codes.ts';
import { problemsPage } from '../../src/site/pages.ts';

describe('/docs/problems', () => {
  const page = problemsPage();

  test.each(Object.entries(PROBLEM_STATUS))(
    'has a section for %s with its status, at the anchor that the type of the problem names',
    (code, status) => {
      expect(page).toContain(`<section id="${code}">\n<h2>${code} <small>${status}</small></h2>`);
    },
  );

  test('has no sections besides those of problem codes', () => {
    expect([...page.matchAll(/<section id=/g)]).toHaveLength(Object.keys(PROBLEM_STATUS).length);
  });
});

import { runInNewContext } from 'node:vm';

import { describe, expect, test } from 'vitest';

import { START_SCRIPT } from '../../src/site/pages.ts';
import { document, type Json, members, resolved } from './document.ts';

type Update = (document: Json) => Json;

/** What Swagger UI's documentation of plugins calls so, as far as it is used. */
interface SwaggerOptions {
  readonly plugins: readonly [
    {
      readonly statePlugins: {
        readonly spec: { readonly wrapActions: { updateJsonSpec: (update: Update) => Update } };
      };
    },
  ];
}

/** What the script hands to Swagger UI, in a browser that likes the dark or the light. */
function start(matches: boolean): { toggled: unknown[]; shown: Json } {
  const toggled: unknown[] = [];
  let wrap: (update: Update) => Update = () => () => ({});
  runInNewContext(START_SCRIPT, {
    window: {
      matchMedia: () => ({ matches, addEventListener: () => undefined }),
      SwaggerUIBundle: ({ plugins: [{ statePlugins }] }: SwaggerOptions) => {
        wrap = statePlugins.spec.wrapActions.updateJsonSpec;
      },
    },
    document: { documentElement: { classList: { toggle: (...given: unknown[]) => toggled.push(given) } } },
  });
  let shown: Json = {};
  wrap((given) => (shown = given))(document);
  return { toggled, shown: JSON.parse(JSON.stringify(shown)) };
}

/** All parameters that stand anywhere below. */
const parametersIn = (value: unknown): Json[] =>
  typeof value !== 'object' || value === null
    ? []
    : Object.entries(value).flatMap(([name, member]) =>
        name === 'parameters' && Array.isArray(member) ? member.map(resolved) : parametersIn(member),
      );

describe('/docs', () => {
  test('fills in what a request needs and nothing else, and tells the rest in words', () => {
    const { shown } = start(false);
    const parameters = parametersIn(shown);
    expect(parameters.map(({ name }) => name)).toEqual(parametersIn(document).map(({ name }) => name));
    for (const { name, required, example, description } of parameters) {
      expect(example === undefined, String(name)).toBe(required !== true);
      if (required !== true) expect(description, String(name)).toMatch(/Example: `.+`\.$/);
    }
    expect(members(shown, 'components')).toEqual(members(document, 'components'));
  });

  test('is dark where the reader likes it so', () => {
    expect(start(true).toggled).toEqual([['dark-mode', true]]);
    expect(start(false).toggled).toEqual([['dark-mode', false]]);
  });
});

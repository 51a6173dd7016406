import { runInNewContext } from 'node:vm';

import { describe, expect, test } from 'vitest';

import { START_SCRIPT } from '../../src/site/pages.ts';
import { document, type Json, members, resolved } from './document.ts';

type Update = (document: Json) => Json;

/** The parts of the Swagger UI options that these tests use. */
interface SwaggerOptions {
  readonly plugins: readonly [
    {
      readonly statePlugins: {
        readonly spec: { readonly wrapActions: { updateJsonSpec: (update: Update) => Update } };
      };
    },
  ];
}

/** Runs the start script with a fake Swagger UI, in a browser that prefers dark mode if `matches` is true. */
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

/** Finds all parameters at any depth. */
const parametersIn = (value: unknown): Json[] =>
  typeof value !== 'object' || value === null
    ? []
    : Object.entries(value).flatMap(([name, member]) =>
        name === 'parameters' && Array.isArray(member) ? member.map(resolved) : parametersIn(member),
      );

describe('/docs', () => {
  test('prefills only required parameters, and shows examples of optional ones in their descriptions', () => {
    const { shown } = start(false);
    const parameters = parametersIn(shown);
    expect(parameters.map(({ name }) => name)).toEqual(parametersIn(document).map(({ name }) => name));
    for (const { name, required, example, description } of parameters) {
      expect(example === undefined, String(name)).toBe(required !== true);
      if (required !== true) expect(description, String(name)).toMatch(/Example: `.+`\.$/);
    }
    expect(members(shown, 'components')).toEqual(members(document, 'components'));
  });

  test('is dark if the browser prefers dark mode', () => {
    expect(start(true).toggled).toEqual([['dark-mode', true]]);
    expect(start(false).toggled).toEqual([['dark-mode', false]]);
  });
});

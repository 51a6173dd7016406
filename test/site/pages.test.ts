import { runInNewContext } from 'node:vm';

import { describe, expect, test } from 'vitest';

import { START_SCRIPT } from '../../src/site/pages.ts';
import { document, type Json, members, resolved } from './document.ts';

type Update = (document: Json) => Json;

/** The parts of a Swagger UI plugin that are used. */
interface SwaggerOptions {
  readonly plugins: readonly [
    {
      readonly statePlugins: {
        readonly spec: { readonly wrapActions: { updateJsonSpec: (update: Update) => Update } };
      };
    },
  ];
}

/** The options that the script passes to Swagger UI, in a browser that prefers dark or light. */
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

/** All parameters at any depth. */
const parametersIn = (value: unknown): Json[] =>
  typeof value !== 'object' || value === null
    ? []
    : Object.entries(value).flatMap(([name, member]) =>
        name === 'parameters' && Array.isArray(member) ? member.map(resolved) : parametersIn(member),
      );

describe('/docs', () => {
  test('prefills required parameters only, and has the other examples in descriptions', () => {
    const { shown } = start(false);
    const parameters = parametersIn(shown);
    expect(parameters.map(({ name }) => name)).toEqual(parametersIn(document).map(({ name }) => name));
    for (const { name, required, example, description } of parameters) {
      expect(example === undefined, String(name)).toBe(required !== true);
      if (required !== true) expect(description, String(name)).toMatch(/Example: `.+`\.$/);
    }
    expect(members(shown, 'components')).toEqual(members(document, 'components'));
  });

  test('is dark if the reader prefers dark', () => {
    expect(start(true).toggled).toEqual([['dark-mode', true]]);
    expect(start(false).toggled).toEqual([['dark-mode', false]]);
  });
});

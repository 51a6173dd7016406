import { readFileSync } from 'node:fs';

import { Validator } from '@seriousme/openapi-schema-validator';
import { describe, expect, test } from 'vitest';
import * as z from 'zod/mini';

import { openApiDocument } from '../../src/site/openapi.ts';

const document = z.parse(
  z.object({
    paths: z.record(z.string(), z.record(z.string(), z.unknown())),
    components: z.object({ schemas: z.record(z.string(), z.unknown()) }),
  }),
  JSON.parse(JSON.stringify(openApiDocument())),
);

const operation = z.object({
  operationId: z.string(),
  summary: z.string(),
  parameters: z._default(z.array(z.record(z.string(), z.unknown())), []),
  responses: z.record(z.string(), z.unknown()),
});

const METHODS = ['get', 'put', 'post', 'patch', 'delete'];

const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item)
    .filter(([method]) => METHODS.includes(method))
    .map(([method, value]) => ({ path, method, ...z.parse(operation, value) })),
);

describe('the OpenAPI document', () => {
  test('is valid by the specification, 3.1', async () => {
    const validator = new Validator();
    const { valid, errors } = await validator.validate(structuredClone(openApiDocument()));
    expect({ valid, errors }).toEqual({ valid: true, errors: undefined });
    expect(validator.version).toBe('3.1');
  });

  test('names every reference that it uses', () => {
    const text = JSON.stringify(document);
    const used = [...text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name ?? '');
    expect(used.filter((name) => !(name in document.components.schemas))).toEqual([]);
    expect(used.length).toBeGreaterThan(10);
  });

  test('describes every operation and parameter, each parameter with an example', () => {
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
    const silent = operations.flatMap(({ operationId, parameters }) =>
      parameters
        .filter(({ description, example }) => !description || example === undefined)
        .map(({ name }) => `${operationId}: ${String(name)}`),
    );
    expect(silent).toEqual([]);
  });

  test('bounds maxResults as the code that checks it does', () => {
    const listMessages = operations.find(({ operationId }) => operationId === 'listMessages');
    const maxResults = listMessages?.parameters.find(({ name }) => name === 'maxResults');
    expect(maxResults?.['schema']).toEqual({ type: 'integer', minimum: 1, maximum: 250 });
  });

  test('names every route of docs/http-api.md, and the other way round', () => {
    const prose = readFileSync(new URL('../../docs/http-api.md', import.meta.url), 'utf8');
    const inProse = [...prose.matchAll(/`(GET|POST|PUT|PATCH|DELETE) (\/[^`?\s]*)/g)].map(
      ([, method, path]) => `${method} ${path}`,
    );
    const inDocument = operations.map(({ method, path }) => `${method.toUpperCase()} ${path}`);
    const pages = ['GET /openapi.json', 'GET /docs', 'GET /docs/problems'];
    expect([...new Set(inProse)].filter((route) => !pages.includes(route)).toSorted()).toEqual(
      inDocument.toSorted(),
    );
  });
});

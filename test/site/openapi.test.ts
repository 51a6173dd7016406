import { readFileSync } from 'node:fs';

import { Validator } from '@seriousme/openapi-schema-validator';
import { describe, expect, test } from 'vitest';

import { openApiDocument } from '../../src/site/openapi.ts';
import { PROBLEM_STATUS } from '../../src/problems/problem-codes.ts';
import { SseParser } from '../support/sse-reader.ts';
import { document, type Json, members, operations, resolved, schemaProblem } from './document.ts';

/** A place in the document and the value at that place. */
type Found = readonly [where: string, value: Json];

const responses: readonly Found[] = operations.flatMap(({ id, responses: byStatus }) =>
  [...byStatus].map(([status, response]): Found => [`${id} ${status}`, response]),
);

const parameters: readonly Found[] = operations.flatMap(({ id, parameters: all }) =>
  all.map((parameter): Found => [`${id}: ${String(parameter['name'])}`, parameter]),
);

const headers: readonly Found[] = responses.flatMap(([where, response]) =>
  members(response, 'headers').map(([name, header]): Found => [`${where}: ${name}`, header]),
);

const bodies: readonly Found[] = operations.flatMap(({ id, value }): Found[] =>
  value['requestBody'] === undefined ? [] : [[id, resolved(value['requestBody'])]],
);

const contents: readonly Found[] = [...bodies, ...responses].flatMap(([where, value]) =>
  members(value, 'content').map(([type, content]): Found => [`${where}: ${type}`, content]),
);

/** Returns all examples of a parameter, a header or a content. */
const examplesOf = (of: Json): unknown[] => [
  ...('example' in of ? [of['example']] : []),
  ...members(of, 'examples').map(([, example]) => example['value']),
];

/** Yields all members of an answer's schema, including nested ones. */
function* memberSchemas(where: string, schema: Json): Generator<Found> {
  if ('$ref' in schema) return;
  for (const [name, member] of Object.entries(
    (schema['properties'] ?? {}) as Readonly<Record<string, Json>>,
  )) {
    yield [`${where}.${name}`, member];
    yield* memberSchemas(`${where}.${name}`, member);
  }
  if (schema['items'] !== undefined) yield* memberSchemas(`${where}[]`, schema['items'] as Json);
}

describe('the OpenAPI document', () => {
  test('is valid OpenAPI 3.1', async () => {
    const validator = new Validator();
    const { valid, errors } = await validator.validate(structuredClone(openApiDocument()));
    expect({ valid, errors }).toEqual({ valid: true, errors: undefined });
    expect(validator.version).toBe('3.1');
  });

  test('defines every component that it refers to, and uses every component that it defines', () => {
    const text = JSON.stringify(document);
    const used = new Set([...text.matchAll(/"\$ref":"([^"]+)"/g)].map(([, ref]) => ref ?? ''));
    for (const $ref of used) expect(() => resolved({ $ref })).not.toThrow();
    const components = ['responses', 'headers', 'schemas', 'examples'].flatMap((kind) =>
      members(resolved({ $ref: '#/components' }), kind).map(([name]) => `#/components/${kind}/${name}`),
    );
    expect(components.filter((name) => !used.has(name))).toEqual([]);
    expect(used.size).toBeGreaterThan(30);
  });

  test('gives each operation a unique id', () => {
    expect(new Set(operations.map(({ id }) => id)).size).toBe(operations.length);
    expect(operations.length).toBeGreaterThan(10);
  });

  test.each([
    ['parameter', parameters],
    ['header', headers],
    ['content of a body or an answer', contents],
  ] as const)('has an example for every %s, and each example matches its schema', (_what, found) => {
    expect(found.length).toBeGreaterThan(5);
    expect(found.filter(([, value]) => examplesOf(value).length === 0).map(([where]) => where)).toEqual([]);
    const wrong = found.flatMap(([where, value]) =>
      examplesOf(value).flatMap((example) => {
        const problem = schemaProblem(value['schema'], example);
        return problem === undefined ? [] : [`${where}: ${problem}`];
      }),
    );
    expect(wrong).toEqual([]);
  });

  test('describes every operation, parameter, header, answer, member and security scheme', () => {
    const components = resolved({ $ref: '#/components' });
    const described: readonly Found[] = [
      ...parameters,
      ...headers,
      ...responses,
      ...members(components, 'securitySchemes'),
      ...members(components, 'schemas').flatMap(([name, schema]) => [...memberSchemas(name, schema)]),
    ];
    expect(described.length).toBeGreaterThan(300);
    expect(described.filter(([, value]) => !value['description']).map(([where]) => where)).toEqual([]);
    expect(operations.filter(({ value }) => !value['summary']).map(({ id }) => id)).toEqual([]);
  });

  test('shows an example of each problem that an answer can have, and all answers together cover every problem code', () => {
    const shown = contents.filter(([where]) => where.endsWith('application/problem+json'));
    const codes = new Set<string>();
    for (const [where, content] of shown) {
      for (const [code, { value }] of members(content, 'examples')) {
        const status = Number(/ (\d{3}):/.exec(where)?.[1]);
        expect(value, where).toMatchObject({ code, status, type: `/docs/problems#${code}` });
        codes.add(code);
      }
    }
    expect([...codes].toSorted()).toEqual(Object.keys(PROBLEM_STATUS).toSorted());
  });

  test.each([
    ['listMessages', ['message', 'caught-up', 'heartbeat', 'reset', 'end', 'problem'], true],
    ['listExecutions', ['execution', 'caught-up', 'heartbeat', 'problem'], false],
  ] as const)(
    'shows each event of the stream of %s as sent, with data that matches its schema',
    (id, names, hasIds) => {
      const stream = contents.find(([where]) => where === `${id} 200: text/event-stream`)?.[1] ?? {};
      const events = new Map(members(stream, 'x-events'));
      expect([...events.keys()]).toEqual(names);
      for (const [name, { description, schema }] of events) {
        expect(description, name).toBeTruthy();
        const example = members(stream, 'examples').find(([of]) => of === name)?.[1];
        const [event, ...more] = new SseParser().push(new TextEncoder().encode(String(example?.['value'])));
        expect(more).toEqual([]);
        expect(event?.event).toBe(name);
        expect(event?.id !== undefined, name).toBe(hasIds && name !== 'problem');
        expect(schemaProblem(schema, JSON.parse(event?.data ?? ''))).toBeUndefined();
      }
    },
  );

  test('documents the same limits for requests as the code enforces', () => {
    const schemaOf = (where: string) => parameters.find(([of]) => of === where)?.[1]['schema'];
    expect(schemaOf('listMessages: maxResults')).toEqual({ type: 'integer', minimum: 1, maximum: 250 });
    const id = { type: 'string', minLength: 1, maxLength: 512 };
    expect(schemaOf('listMessages: flowExecutionId')).toEqual(id);
    expect(schemaOf('getKey: flowExecutionId')).toEqual(id);
    const aws = contents.find(([where]) => where === 'ListFlowExecutionMessages: application/x-amz-json-1.1');
    expect(schemaProblem(aws?.[1]['schema'], { flowExecutionId: 'x'.repeat(512), maxResults: 250 })).toBe(
      undefined,
    );
    for (const wrong of [
      {},
      { flowExecutionId: '' },
      { flowExecutionId: 'x'.repeat(513) },
      { flowExecutionId: 'x', maxResults: 0 },
      { flowExecutionId: 'x', maxResults: 251 },
      { flowExecutionId: 'x', nextToken: '' },
    ]) {
      expect(schemaProblem(aws?.[1]['schema'], wrong), JSON.stringify(wrong)).toBeDefined();
    }
    expect(JSON.stringify(document)).not.toContain('9007199254740991');
  });

  test('documents the same routes as docs/http-api.md', () => {
    const prose = readFileSync(new URL('../../docs/http-api.md', import.meta.url), 'utf8');
    const inProse = [...prose.matchAll(/`(GET|POST|PUT|PATCH|DELETE) (\/[^`?\s]*)/g)].map(
      ([, method, path]) => `${method} ${path}`,
    );
    const inDocument = operations.map(({ method, path }) => `${method} ${path}`);
    const pages = ['GET /openapi.json', 'GET /'];
    expect([...new Set(inProse)].filter((route) => !pages.includes(route)).toSorted()).toEqual(
      inDocument.toSorted(),
    );
  });
});

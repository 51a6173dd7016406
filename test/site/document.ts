/** Reads the OpenAPI document as other programs do: as JSON, with references resolved. */
// Imports all of zod, because zod/mini cannot read JSON Schema. Tests are not bundled.
// eslint-disable-next-line no-restricted-imports
import * as z from 'zod';

import { openApiDocument } from '../../src/site/openapi.ts';

const object = z.record(z.string(), z.unknown());
export type Json = z.infer<typeof object>;

/** The published document: plain JSON. */
export const document: Json = object.parse(JSON.parse(JSON.stringify(openApiDocument())));

const schemas = object.parse(object.parse(document['components'])['schemas']);

/** Resolves a reference (`#/…`); returns other values unchanged. */
export function resolved(value: unknown): Json {
  const found = object.parse(value);
  const { $ref } = found;
  if (typeof $ref !== 'string') return found;
  let at: unknown = document;
  for (const step of $ref.replace(/^#\//, '').split('/')) {
    at = object.parse(at)[step.replaceAll('~1', '/').replaceAll('~0', '~')];
  }
  if (at === undefined) throw new Error(`${$ref} refers to nothing`);
  return resolved(at);
}

/** Returns the entries of an object member, with references resolved. Returns none if the member is missing. */
export const members = (of: Json, name: string): [string, Json][] =>
  Object.entries(object.parse(of[name] ?? {})).map(([key, value]) => [key, resolved(value)]);

const list = (of: Json, name: string): Json[] =>
  z
    .array(z.unknown())
    .parse(of[name] ?? [])
    .map(resolved);

export interface Operation {
  readonly id: string;
  readonly path: string;
  /** The HTTP method in upper case. */
  readonly method: string;
  readonly parameters: readonly Json[];
  readonly responses: ReadonlyMap<string, Json>;
  readonly value: Json;
}

const METHODS = ['get', 'put', 'post', 'patch', 'delete', 'head', 'options', 'trace'];

export const operations: readonly Operation[] = members(document, 'paths').flatMap(([path, item]) =>
  METHODS.filter((method) => method in item).map((method) => {
    const value = resolved(item[method]);
    return {
      id: String(value['operationId']),
      path,
      method: method.toUpperCase(),
      parameters: [...list(item, 'parameters'), ...list(value, 'parameters')],
      responses: new Map(members(value, 'responses')),
      value,
    };
  }),
);

const checkers = new Map<string, z.ZodType>();

/** Describes how the value violates a schema of the document. Undefined if the value is valid. */
export function schemaProblem(schema: unknown, value: unknown): string | undefined {
  const key = JSON.stringify(schema);
  let checker = checkers.get(key);
  if (!checker) {
    const rooted = JSON.stringify({ ...object.parse(schema), $defs: schemas });
    checker = z.fromJSONSchema(JSON.parse(rooted.replaceAll('#/components/schemas/', '#/$defs/')));
    checkers.set(key, checker);
  }
  const parsed = checker.safeParse(value);
  return parsed.success ? undefined : z.prettifyError(parsed.error);
}

/** Returns the name of the component that a schema refers to. */
export const schemaName = (schema: unknown): string =>
  String(object.parse(schema)['$ref'] ?? '').replace('#/components/schemas/', '');

/** Zod schemas as JSON Schema for OpenAPI 3.1. */
import * as z from 'zod/mini';

import { answerSchemas, type AnswerName } from './answers.ts';

export type Json = Readonly<Record<string, unknown>>;

/** Zod adds JavaScript's integer limits to every whole number; readers don't need them. */
function withoutMachineLimits({ jsonSchema }: { jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
}

/** The JSON Schema of a request. It forbids unknown members if the code rejects them. */
export function requestSchema(schema: z.core.$ZodType): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    override: withoutMachineLimits,
  });
  return rest;
}

/**
 * The JSON Schemas of answers, by name. They allow unknown members, because later versions might add some.
 */
export function answerComponents(): Json {
  const names = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(answerSchemas)) if (!names.has(schema)) names.add(schema, { id });
  const { schemas } = z.toJSONSchema(names, {
    uri: (id) => `#/components/schemas/${id}`,
    override: (context) => {
      withoutMachineLimits(context);
      delete context.jsonSchema.additionalProperties;
    },
  });
  return Object.fromEntries(
    Object.entries(answerSchemas).map(([id, schema]) => {
      const name = names.get(schema)?.id ?? id;
      if (name !== id) return [id, { $ref: `#/components/schemas/${name}` }];
      const { $schema: _schema, $id: _id, ...rest } = schemas[id] ?? {};
      return [id, rest];
    }),
  );
}

export const answerRef = (name: AnswerName): Json => ({ $ref: `#/components/schemas/${name}` });

/** A schema and what people need to know of it, which the OpenAPI document prints. At build time only. */
import * as z from 'zod/mini';

/** Adds a description to the schema itself: give one that nobody else describes. */
export function said<S extends z.core.$ZodType>(schema: S, description: string): S {
  z.globalRegistry.add(schema, { description });
  return schema;
}

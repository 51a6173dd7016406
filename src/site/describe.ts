/** Adds descriptions to schemas, for the OpenAPI document. Build time only. */
import * as z from 'zod/mini';

/** Describes the schema itself, not a copy: do not pass a schema that is described elsewhere. */
export function describe<S extends z.core.$ZodType>(schema: S, description: string): S {
  z.globalRegistry.add(schema, { description });
  return schema;
}

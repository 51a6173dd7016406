/** Adds descriptions to schemas, for the OpenAPI document. Build time only. */
import * as z from 'zod/mini';

/** Sets the description of the schema itself, not of a copy. A second call for the same schema would replace it. */
export function describe<S extends z.core.$ZodType>(schema: S, description: string): S {
  z.globalRegistry.add(schema, { description });
  return schema;
}

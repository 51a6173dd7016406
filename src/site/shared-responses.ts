/**
 * Moves responses that several operations share to `components/responses`, where each is named by its status.
 */
import type { Json } from './json-schema.ts';

type Responses = Readonly<Record<string, Json>>;

/** True for operations. A path also has other members, such as `parameters`. */
const isOperation = (value: unknown): value is { readonly responses: Responses } =>
  typeof value === 'object' && value !== null && 'responses' in value;

export function withSharedResponses(paths: Readonly<Record<string, Json>>): {
  readonly paths: Json;
  readonly responses: Json;
} {
  const all = Object.values(paths)
    .flatMap((item) => Object.values(item))
    .filter(isOperation)
    .flatMap(({ responses }) => Object.entries(responses));
  const alike = Map.groupBy(all, ([, response]) => JSON.stringify(response));
  const names = new Map<string, string>();
  const shared: Record<string, Json> = {};
  for (const [text, [first, ...others]] of alike) {
    if (!first || others.length === 0) continue;
    const [status, response] = first;
    let name = status;
    for (let number = 2; name in shared; number++) name = `${status}.${number}`;
    shared[name] = response;
    names.set(text, name);
  }
  const referring = (responses: Responses): Json =>
    Object.fromEntries(
      Object.entries(responses).map(([status, response]) => {
        const name = names.get(JSON.stringify(response));
        return [status, name === undefined ? response : { $ref: `#/components/responses/${name}` }];
      }),
    );
  return {
    paths: mapped(paths, (item) =>
      mapped(item, (operation) =>
        isOperation(operation) ? { ...operation, responses: referring(operation.responses) } : operation,
      ),
    ),
    responses: shared,
  };
}

const mapped = <T>(of: Readonly<Record<string, T>>, change: (value: T) => unknown): Json =>
  Object.fromEntries(Object.entries(of).map(([name, value]) => [name, change(value)]));

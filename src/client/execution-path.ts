/**
 * Builds paths below the service's address. An id becomes one encoded segment, so its slashes do not split
 * the path.
 */

/** Throws a RangeError for '.' and '..': URL parsers remove such segments, encoded or not. */
export function executionPath(executionId: string, resource?: 'messages' | 'tickets' | 'children'): string {
  if (executionId === '.' || executionId === '..') {
    throw new RangeError(
      `Cannot ask for the execution '${executionId}': HTTP clients remove such path segments`,
    );
  }
  return `v1/executions/${encodeURIComponent(executionId)}${resource === undefined ? '' : `/${resource}`}`;
}

/** Paths below the service's address. An id is one segment, so that its own slashes are not taken for ours. */

/** Throws a RangeError for the two ids that no path can hold, encoded or not: URL parsers take them for steps in it. */
export function executionPath(executionId: string, resource?: 'messages' | 'tickets'): string {
  if (executionId === '.' || executionId === '..') {
    throw new RangeError(`Cannot ask for the execution '${executionId}': no URL can hold this id`);
  }
  return `v1/executions/${encodeURIComponent(executionId)}${resource === undefined ? '' : `/${resource}`}`;
}

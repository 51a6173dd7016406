/** Paths below the service's address. An id is one segment, so that its own slashes are not taken for ours. */

export const executionPath = (executionId: string, resource?: 'messages' | 'tickets'): string =>
  `v1/executions/${encodeURIComponent(executionId)}${resource === undefined ? '' : `/${resource}`}`;

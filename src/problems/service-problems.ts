/** Problems whose cause is in this service itself: bugs, its store, its configuration. */
import type { DocumentationOf, ProblemEntries } from './problem-entry.ts';

const RETRY_STORE_SECONDS = 5;

export const serviceProblems = {
  internal: {
    code: 'InternalError',
    title: 'Internal error',
    detail: 'An unexpected error occurred. The operator finds it in the log under the request id.',
    exception: 'InternalFailureException',
  },
  'store-unavailable': {
    code: 'StoreUnavailable',
    title: 'The store is unavailable',
    detail: ({ revoked }) =>
      revoked
        ? 'The key is revoked in this process, but the store could not save that. In other places, and after a restart, the key ' +
          'still works. Make the store writable, for example by deleting archived executions, and revoke the key again.'
        : 'The store of this service could not be read or written. Retry later.',
    retryAfterSeconds: RETRY_STORE_SECONDS,
    exception: 'InternalFailureException',
  },
  'not-configured': {
    code: 'NotConfigured',
    title: 'Not configured',
    detail: "This service is not configured. The operator's log says what is missing.",
    exception: 'InternalFailureException',
  },
} as const satisfies Partial<ProblemEntries>;

export const serviceDocumentation: DocumentationOf<typeof serviceProblems> = {
  InternalError: {
    meaning: 'An unexpected error occurred in this service.',
    cause: 'A bug.',
    action: 'Give the requestId to the operator: the log has the details.',
    examples: { internal: { type: 'internal', internal: 'for the log' } },
  },
  StoreUnavailable: {
    meaning: 'The store of this service could not be read or written.',
    cause: 'The key-value store is down, or a record in it is damaged.',
    action: 'Retry later. If it persists, give the requestId to the operator.',
    examples: { 'store-unavailable': { type: 'store-unavailable', internal: 'for the log' } },
  },
  NotConfigured: {
    meaning: 'This service is not configured.',
    cause: 'A setting is missing or wrong.',
    action: 'The log names the setting, for the operator.',
    examples: { 'not-configured': { type: 'not-configured', internal: 'for the log' } },
  },
};

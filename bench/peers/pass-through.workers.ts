/** A minimal proxy: it forwards the request unsigned and returns the response unchanged. */
export { CallBudgetObject, ExecutionObject } from './unused-objects.workers.ts';

interface Env {
  readonly UPSTREAM: string;
}

// oxlint-disable-next-line import/no-default-export -- the runtime requires it
export default {
  fetch: (request, env) => {
    const { pathname, search } = new URL(request.url);
    return fetch(`${env.UPSTREAM}${pathname}${search}`, request);
  },
} satisfies ExportedHandler<Env>;

/**
 * The Worker's adapter for lists that live in Durable Objects. It gets pages by RPC and live lists by fetch.
 */
import { type Result, fail } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { ObjectCalls } from '../../objects/object-calls.ts';
import { ObjectIds } from '../../objects/object-ids.ts';
import type { ListOf, ListPage, ListRequest } from '../lists.ts';
import { LIST_STREAM_PATH } from './list-shell.ts';
import { type ListObjects, listKey, listNames } from './open-list.ts';

/** The method of the Durable Object class that serves pages of lists. */
interface ListStub extends Rpc.DurableObjectBranded {
  listPage(request: ListRequest): Promise<Result<ListPage>>;
}

export interface DurableObjectListsOptions<T extends ListStub> {
  readonly namespace: DurableObjectNamespace<T>;
  /**
   * Where to create the list's object, which should be near the upstream's region. The first call decides
   * this for good.
   */
  readonly locationOf: (of: ListOf) => DurableObjectLocationHint | undefined;
  readonly log: Log;
}

export function createDurableObjectLists<T extends ListStub>({
  namespace,
  locationOf,
  log,
}: DurableObjectListsOptions<T>): ListObjects {
  const calls = new ObjectCalls(log);
  const ids = new ObjectIds((name) => namespace.idFromName(name));
  const stub = (of: ListOf) => {
    const locationHint = locationOf(of);
    return namespace.get(ids.of(listKey(of)), locationHint === undefined ? {} : { locationHint });
  };
  return {
    page: (request) => calls.ask<ListPage>(listNames(request.of), () => stub(request.of).listPage(request)),
    follow: (request, signal, onClosed) =>
      calls.ask(listNames(request.of), async () => {
        const response = await stub(request.of).fetch(
          `https://execution${LIST_STREAM_PATH}`,
          // The request is sent as a body, because the patterns of a key can be too long for a header.
          { method: 'POST', body: JSON.stringify(request), ...(signal && { signal }) },
        );
        const stream = await calls.stream(response, listNames(request.of), onClosed);
        if (!stream.ok) return stream;
        // The response for a live list always has a body.
        return stream.value
          ? { ok: true, value: stream.value }
          : fail({ type: 'internal', internal: 'a live list without a body' });
      }),
  };
}

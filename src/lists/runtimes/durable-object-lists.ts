/** The port to lists in Durable Objects, for the Worker: pages by RPC, live lists by fetch. Platform file. */
import { type Result, fail } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { ObjectCalls } from '../../objects/object-calls.ts';
import { ObjectIds } from '../../objects/object-ids.ts';
import type { ListOf, ListPage, ListRequest } from '../lists.ts';
import { LIST_STREAM_PATH } from './list-shell.ts';
import { type ListObjects, listKey, listNames } from './open-list.ts';

/** What the class of the binding has for lists. */
interface ListStub extends Rpc.DurableObjectBranded {
  listPage(request: ListRequest): Promise<Result<ListPage>>;
}

export interface DurableObjectListsOptions<T extends ListStub> {
  readonly namespace: DurableObjectNamespace<T>;
  /** Near the upstream's region. The first call decides where the object lives. */
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
          // A body: a header may be too short for the patterns of a key.
          { method: 'POST', body: JSON.stringify(request), ...(signal && { signal }) },
        );
        const stream = await calls.stream(response, listNames(request.of), onClosed);
        if (!stream.ok) return stream;
        // A live list always has a body.
        return stream.value
          ? { ok: true, value: stream.value }
          : fail({ type: 'internal', internal: 'a live list without a body' });
      }),
  };
}

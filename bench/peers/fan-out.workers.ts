/**
 * The smallest Worker that fans out messages. One Durable Object writes each POST to every open stream. The Worker
 * passes the object's response on unchanged, so the streams break off when the object is reset.
 */
import { DurableObject } from 'cloudflare:workers';

interface Env {
  readonly EXECUTIONS: DurableObjectNamespace<ExecutionObject>;
}

export { CallBudgetObject } from './unused-objects.workers.ts';

export class ExecutionObject extends DurableObject<Env> {
  readonly #streams = new Set<ReadableStreamDefaultController<Uint8Array>>();

  override async fetch(request: Request): Promise<Response> {
    if (request.method === 'POST') {
      const frame = new Uint8Array(await request.arrayBuffer());
      for (const stream of this.#streams) stream.enqueue(frame);
      return new Response(null, { status: 204 });
    }
    let stream: ReadableStreamDefaultController<Uint8Array>;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        stream = controller;
        this.#streams.add(controller);
        controller.enqueue(new TextEncoder().encode('retry: 1000\n\n'));
      },
      cancel: () => void this.#streams.delete(stream),
    });
    return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
  }
}

// oxlint-disable-next-line import/no-default-export -- the runtime requires it
export default {
  fetch: (request, env) => env.EXECUTIONS.get(env.EXECUTIONS.idFromName('all')).fetch(request),
} satisfies ExportedHandler<Env>;

/** Reads a history page by page, up to its newest message. */
import { executionPath } from './execution-path.ts';
import type { Http } from './http.ts';
import {
  type EventType,
  type FlowMessage,
  type Page,
  type UpstreamEventType,
  readBody,
} from './wire/wire.ts';

export interface PageOptions {
  /** 1 to 250; the service's default is 100. A page can contain fewer messages. */
  readonly maxResults?: number;
  /** Continue after this position. */
  readonly cursor?: string;
  /** Only messages of these types. Flowtap's types and those of Step Functions are both accepted. */
  readonly eventTypes?: readonly (EventType | UpstreamEventType)[];
  /** Only messages of this step. */
  readonly step?: string;
  /** Only this many of the newest messages: 1 to 250. Cannot be combined with `cursor`. */
  readonly last?: number;
  /**
   * The longest time that the service waits for a message, or for the end of the execution, before it
   * answers. 0 to 50. Default: 0.
   */
  readonly waitTimeSeconds?: number;
  readonly signal?: AbortSignal;
}

export type ListOptions = Omit<PageOptions, 'last' | 'waitTimeSeconds'>;

/** Iterate the list for messages, or `pages()` for pages. Each iteration reads from the service again. */
export interface MessageList extends AsyncIterable<FlowMessage> {
  pages(): AsyncGenerator<Page, void, void>;
}

export async function readPage(http: Http, executionId: string, options: PageOptions = {}): Promise<Page> {
  const { maxResults, cursor, eventTypes, step, last, waitTimeSeconds, signal } = options;
  const text = await http.text({
    path: executionPath(executionId, 'messages'),
    query: { maxResults, cursor, eventTypes: eventTypes?.join(','), step, last, waitTimeSeconds },
    headers: { Accept: 'application/json' },
    signal,
    waitMs: (waitTimeSeconds ?? 0) * 1000,
  });
  return readBody<Page>(text, { messages: 'array', cursor: 'string' });
}

export function listMessages(http: Http, executionId: string, options: ListOptions = {}): MessageList {
  async function* pages(): AsyncGenerator<Page, void, void> {
    let cursor = options.cursor;
    for (;;) {
      const page = await readPage(http, executionId, {
        ...options,
        ...(cursor !== undefined && { cursor }),
      });
      yield page;
      if (page.nextToken === undefined) return;
      cursor = page.nextToken;
    }
  }
  async function* messages(): AsyncGenerator<FlowMessage, void, void> {
    for await (const page of pages()) yield* page.messages;
  }
  return { pages, [Symbol.asyncIterator]: messages };
}

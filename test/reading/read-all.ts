/** Helpers that read from the Worker over a socket. */
import { messagesPath, type World } from '../support/on-workerd.ts';

export interface Page {
  readonly messages: readonly {
    readonly messageId?: string;
    readonly eventType?: string;
    readonly timestamp?: string;
    readonly payload?: string;
    readonly step?: string;
  }[];
  readonly nextToken?: string;
  readonly status?: string;
}

/** Follows nextToken from the first page to the last. Pages have these sizes, used in rotation. */
export async function readAll(
  worker: World,
  id: string,
  key: string,
  sizes: readonly number[] = [250],
): Promise<Page['messages'][number][]> {
  const messages: Page['messages'][number][] = [];
  let next: string | undefined;
  for (let page = 0; ; page++) {
    const query = `maxResults=${sizes[page % sizes.length]}${next === undefined ? '' : `&nextToken=${next}`}`;
    const response = await worker.fetch(messagesPath(id, query), { headers: { 'X-API-Key': key } });
    if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
    // Safety: a 200 of this route is a page.
    const read = (await response.json()) as Page;
    messages.push(...read.messages);
    if (read.nextToken === undefined) return messages;
    next = read.nextToken;
  }
}

/** The ids of all archived executions, as the admin API lists them. */
export async function archived(worker: World): Promise<string[]> {
  const response = await worker.admin('GET', '/executions?limit=1000');
  // Safety: the admin API lists archives in this form.
  const { executions } = (await response.json()) as { executions: { flowExecutionId: string }[] };
  return executions.map(({ flowExecutionId }) => flowExecutionId);
}

/** Reads lists, and the parent and children of an execution, with the typed client. */
import type { ChildExecution, FlowtapClient } from '../../client/client.ts';
import type { ListQuery, ListSource } from './list-source.ts';
import { CHILDREN_MAX, type RelativesSource } from './relatives-source.ts';

export const clientListSource = (client: FlowtapClient): ListSource & RelativesSource => ({
  flows: (signal) => client.flows({ signal }),
  async *parts(query, signal) {
    for await (const page of client.executions({ ...filterOf(query), signal }).pages()) {
      const { executions, nextToken, partial, searchedBackTo } = page;
      yield {
        executions,
        partial: partial === true,
        isLast: nextToken === undefined,
        ...(searchedBackTo !== undefined && { searchedBackTo }),
      };
    }
  },
  follow: (query, signal) =>
    client.followExecutions({ ...filterOf(query), signal, giveUpAfterMs: Number.POSITIVE_INFINITY }),
  relativesOf: async (id, signal) => {
    const children: ChildExecution[] = [];
    for await (const child of client.children(id, { signal })) {
      children.push(child);
      if (children.length === CHILDREN_MAX) break;
    }
    const { parent } = await client.summary(id, { signal });
    return { children, ...(parent !== undefined && { parent: { flowExecutionId: parent } }) };
  },
});

const filterOf = ({ statuses, ...filter }: ListQuery) => ({
  ...filter,
  ...(statuses !== undefined && { status: statuses }),
});

/** Gets lists from the service by the typed client. */
import { createHttp } from '../../client/create-http.ts';
import { executionPath } from '../../client/execution-path.ts';
import { readBody } from '../../client/wire.ts';
import { systemClock } from '../../core/clock.ts';
import type { ListQuery, ListSource, ListedExecution, ListedFlow } from './list-source.ts';
import type { ChildExecution, RelativesSource } from './relatives-source.ts';

const PAGE = 50;
const POLL_MS = 3_000;

export function clientListSource(url: string, apiKey: string): ListSource & RelativesSource {
  const http = createHttp({ url, apiKey });
  const page = async (query: ListQuery, nextToken: string | undefined, signal: AbortSignal) => {
    const { flow, source, statuses, namePrefix, startedAfter, startedBefore } = query;
    const text = await http.text({
      path: 'v1/executions',
      query: {
        flow,
        source,
        status: statuses?.join(','),
        namePrefix,
        startedAfter,
        startedBefore,
        maxResults: PAGE,
        cursor: nextToken,
      },
      signal,
    });
    return readBody<{
      executions: ListedExecution[];
      nextToken?: string;
      partial?: boolean;
      searchedBackTo?: string;
    }>(text, { executions: 'array' });
  };
  return {
    flows: async (signal) => {
      const text = await http.text({ path: 'v1/flows', signal });
      return readBody<{ flows: ListedFlow[] }>(text, { flows: 'array' }).flows;
    },
    async *parts(query, signal) {
      let token: string | undefined;
      do {
        const { executions, nextToken, partial, searchedBackTo } = await page(query, token, signal);
        token = nextToken;
        yield {
          executions,
          partial: partial === true,
          isLast: token === undefined,
          ...(searchedBackTo !== undefined && { searchedBackTo }),
        };
      } while (token !== undefined);
    },
    async *follow(query, signal) {
      for (;;) {
        const { executions } = await page(query, undefined, signal);
        for (const execution of executions) yield { type: 'execution', execution };
        yield { type: 'caught-up' };
        await systemClock.sleep(POLL_MS, signal);
        signal.throwIfAborted();
      }
    },
    relativesOf: async (id, signal) => {
      const [summary, children] = await Promise.all([
        http.text({ path: executionPath(id), signal }),
        http.text({ path: executionPath(id, 'messages'), signal }),
      ]);
      const { parent, flow } = readBody<{ parent?: string; flow?: string }>(summary, {});
      return {
        children: readBody<{ executions: ChildExecution[] }>(children, { executions: 'array' }).executions,
        ...(parent !== undefined && { parent: { flowExecutionId: parent } }),
        ...(flow !== undefined && { flow }),
      };
    },
  };
}

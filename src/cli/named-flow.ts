/** Finds the flow that a user means, by its full name in the service or by its short name (`SecurityFlow`). */
import type { Flow, FlowtapClient } from '../client/client.ts';
import { API_KEY_BEGINNING } from '../core/api-key-format.ts';
import { UsageError } from './command.ts';
import { oneLine } from './plain-text.ts';

/** Flows that an error lists, at most. */
const NAMED_MAX = 10;

/** Returns the flow's full name. Throws a UsageError that lists similar flows. */
export async function namedFlow(client: FlowtapClient, word: string, signal: AbortSignal): Promise<string> {
  // URLs are logged, so a key must not become part of one.
  if (API_KEY_BEGINNING.test(word)) throw new UsageError('<flow> must be a flow: it is an API key');
  if (word.includes(':')) return word;
  const flows = await client.flows({ signal });
  const same = flows.filter(({ name }) => name === word);
  const like = same.length > 0 ? same : flows.filter(({ name }) => name.toLowerCase() === word.toLowerCase());
  const [only] = like;
  if (only && like.length === 1) return only.flow;
  if (only)
    throw new UsageError(`'${oneLine(word)}' names ${like.length} flows. Give one of\n${named(like)}`);
  const near = flows.filter(({ name }) => name.toLowerCase().includes(word.toLowerCase()));
  const hint =
    near.length > 0 ? `Is it one of these?\n${named(near)}` : '`flowtap flows` shows what it may read.';
  throw new UsageError(`This key may read no flow named '${oneLine(word)}'. ${hint}`);
}

const named = (flows: readonly Flow[]): string =>
  [
    ...flows.slice(0, NAMED_MAX).map(({ flow }) => `  ${oneLine(flow)}`),
    ...(flows.length > NAMED_MAX ? [`  and ${flows.length - NAMED_MAX} more`] : []),
  ].join('\n');

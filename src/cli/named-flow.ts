/** Finds a flow by the full name that the service uses, or by its short name (`SecurityFlow`). */
import type { Flow, FlowtapClient } from '../client/client.ts';
import { API_KEY_BEGINNING } from '../core/api-key-format.ts';
import { UsageError } from './command.ts';
import { oneLine } from './plain-text.ts';

/** The maximum number of flows that an error lists. */
const NAMED_MAX = 10;

/**
 * Returns the flow's full name. If not exactly one flow matches, throws a UsageError that lists candidates.
 */
export async function namedFlow(client: FlowtapClient, word: string, signal: AbortSignal): Promise<string> {
  // URLs are logged, so a key must not become part of one.
  if (API_KEY_BEGINNING.test(word)) throw new UsageError('<flow> must be a flow, but an API key was given');
  if (word.includes(':')) return word;
  const flows = await client.flows({ signal });
  const exact = flows.filter(({ name }) => name === word);
  const matches =
    exact.length > 0 ? exact : flows.filter(({ name }) => name.toLowerCase() === word.toLowerCase());
  const [first] = matches;
  if (first && matches.length === 1) return first.flow;
  if (first)
    throw new UsageError(`'${oneLine(word)}' names ${matches.length} flows. Give one of\n${listed(matches)}`);
  const similar = flows.filter(({ name }) => name.toLowerCase().includes(word.toLowerCase()));
  const hint =
    similar.length > 0
      ? `Is it one of these?\n${listed(similar)}`
      : '`flowtap flows` shows what it may read.';
  throw new UsageError(`This key may read no flow named '${oneLine(word)}'. ${hint}`);
}

const listed = (flows: readonly Flow[]): string =>
  [
    ...flows.slice(0, NAMED_MAX).map(({ flow }) => `  ${oneLine(flow)}`),
    ...(flows.length > NAMED_MAX ? [`  and ${flows.length - NAMED_MAX} more`] : []),
  ].join('\n');

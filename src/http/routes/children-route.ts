/**
 * GET /v1/executions/{flowExecutionId}/children: a page of those executions that this execution has started
 * and that the key may read.
 */
import { type Caller, readerOf } from '../../access/caller.ts';
import { type Result, ok } from '../../core/errors.ts';
import { type ExecutionRef, executionKey } from '../../core/execution-ref.ts';
import type { Child, Children, ChildrenPlace } from '../../lists/children.ts';
import { encodeListCursor } from '../../lists/list-cursor.ts';
import { shows } from '../../messages/payload-access.ts';
import type { SigningKeys } from '../../messages/signed-text.ts';
import { listAnswer, readPlace } from '../list-answer.ts';
import { LISTED_DEFAULT } from '../list-query.ts';
import { CURSOR_PARAMETERS, type CursorQuery, readQuery } from '../query-parameters.ts';
import type { Answered, Exchange } from '../routing.ts';

export interface ChildrenPorts {
  readonly children: Children;
  readonly cursorKeys: SigningKeys;
}

export async function getChildren(
  { children, cursorKeys }: ChildrenPorts,
  exchange: Exchange,
  ref: ExecutionRef,
  caller: Caller,
): Promise<Answered> {
  const query = readQuery(exchange.address.parameters, ['maxResults', ...CURSOR_PARAMETERS]);
  if (!query.ok) return query;
  const name = JSON.stringify(['children', executionKey(ref)]);
  const place = placeOf(cursorKeys, name, query.value);
  if (!place.ok) return place;
  const { maxResults = LISTED_DEFAULT } = query.value;
  const page = await children(
    ref,
    { patterns: caller.executions, maxResults, place: place.value, ...readerOf(caller) },
    exchange.client.signal,
  );
  if (!page.ok) return page;
  const { executions, next, partial, upstreamCalls } = page.value;
  const nextToken = next && encodeListCursor(cursorKeys, name, textOf(next));
  const shown = shows(caller.payloads, 'names') ? executions : executions.map(withoutStep);
  const content = { executions: shown, nextToken, partial, upstreamCalls };
  return ok(listAnswer(exchange, content, query.value, ['maxResults']));
}

const withoutStep = ({ step: _, ...item }: Child): Child => item;

function placeOf(keys: SigningKeys, name: string, query: CursorQuery): Result<ChildrenPlace> {
  const text = readPlace(keys, name, query);
  if (!text.ok) return text;
  const [, position, fingerprint, starts, after] = PLACE.exec(text.value ?? '') ?? [];
  return ok({
    ...(position !== undefined &&
      fingerprint !== undefined && { from: { position: Number(position), fingerprint } }),
    starts: Number(starts ?? 0),
    ...(after !== undefined && { after }),
  });
}

/**
 * The text form of a place: position and fingerprint (absent at the beginning), `starts`, and optionally
 * `after` (see ChildrenPlace).
 */
const PLACE = /^(?:(\d+) ([0-9a-f]+))? (\d+)(?: (.+))?$/s;

const textOf = ({ from, starts, after }: ChildrenPlace): string =>
  `${from ? `${from.position} ${from.fingerprint}` : ''} ${starts}${after === undefined ? '' : ` ${after}`}`;

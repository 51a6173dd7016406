/**
 * /v1/admin: keys, archived executions and the probe, for callers with the admin token. If ADMIN_TOKEN is not
 * set, all these paths return 404. They never have CORS headers, because this API is not for browsers.
 */
import type { Access } from '../../access/access.ts';
import { keyIdFrom } from '../../access/keys/api-key.ts';
import { KEYS_LISTED_MAX } from '../../access/keys/key-administration.ts';
import { parseKeyChange, parseNewKey, parseRotation } from '../../access/keys/key-input.ts';
import { type ArchiveHead, isFinal } from '../../archive/archive-head.ts';
import type { ArchiveList } from '../../archive/archive-list.ts';
import type { Archive } from '../../archive/archive.ts';
import type { Clock } from '../../core/clock.ts';
import { type Result, fail, invalid, ok } from '../../core/errors.ts';
import type { ExecutionName, ExecutionRef } from '../../core/execution-ref.ts';
import type { Executions } from '../../executions/executions.ts';
import { IMPORT_BYTES_MAX } from '../../imports/history-import.ts';
import { readAnyExecutionId, readExecutionId } from '../../messages/execution-id.ts';
import { readJson, refuseEncoded } from '../request-body.ts';
import { ADMIN_EXECUTIONS_PATH, readExecutionRef, splitExecutionPath } from '../execution-path.ts';
import { readQuery } from '../query-parameters.ts';
import { withHeaders } from '../response-headers.ts';
import { type Answered, type Exchange, type Handler, byMethod } from '../routing.ts';

/** How many archived executions an answer has, unless the request has another limit. */
const LISTED_DEFAULT = 100;
/**
 * The maximum number of store listings for one answer. A listing of 1,000 executions takes up to 11 store
 * operations, and a Worker may make only 1,000 in a request. So a filtered answer can have few or no
 * executions, and still have a cursor.
 */
const LISTINGS_MAX = 50;

export interface AdminPorts {
  readonly access: Access;
  readonly executions: Executions;
  readonly archive: Archive;
  readonly listArchived: ArchiveList;
  readonly clock: Clock;
  readonly probe: Probe;
}

/**
 * Calls each source and the store once, and resolves with a JSON report. `name` names the entry that is
 * written to the store. Pass a new one each time.
 */
export type Probe = (name: string) => Promise<object>;

export interface AdminRoutes {
  readonly keys: Handler;
  /** /v1/admin/keys/{id} and the paths below it. */
  readonly key: Handler;
  readonly executions: Handler;
  /** /v1/admin/executions/{flowExecutionId} and its messages. */
  readonly execution: Handler;
  readonly probe: Handler;
}

export function adminRoutes(ports: AdminPorts): AdminRoutes {
  const { access } = ports;
  const admin =
    (handler: Handler): Handler =>
    async (exchange) => {
      if (!access.authenticateAdmin) return fail({ type: 'no-such-route' });
      const { request, address, runtime } = exchange;
      const authenticated = await access.authenticateAdmin({
        url: address,
        headers: request.headers,
        clientAddress: runtime.clientAddress,
      });
      if (!authenticated.ok) return authenticated;
      const result = await handler(exchange);
      return result.ok ? ok(withHeaders(result.value, { 'Cache-Control': 'no-store' })) : result;
    };
  return {
    keys: admin(byMethod({ GET: (e) => listKeys(ports, e), POST: (e) => createKey(ports, e) })),
    key: admin((exchange) => keyResource(ports, exchange)),
    executions: admin(byMethod({ GET: (e) => listExecutions(ports, e) })),
    execution: admin((exchange) => executionResource(ports, exchange)),
    probe: admin(
      byMethod({ POST: async ({ facts }) => ok(Response.json(await ports.probe(facts.requestId))) }),
    ),
  };
}

const audit = ({ facts }: Exchange) => ({ requestId: facts.requestId });

async function listKeys({ access }: AdminPorts, { address: { parameters } }: Exchange): Promise<Answered> {
  const query = readQuery(parameters, ['cursor', 'limit']);
  if (!query.ok) return query;
  const { cursor, limit } = query.value;
  if (limit !== undefined && limit > KEYS_LISTED_MAX) {
    return invalid('query', 'limit', `must be a whole number from 1 to ${KEYS_LISTED_MAX}.`);
  }
  return json(await access.keys.list({ ...(cursor !== undefined && { cursor }), ...(limit && { limit }) }));
}

async function createKey({ access, clock }: AdminPorts, exchange: Exchange): Promise<Answered> {
  const body = await readJson(exchange.request, clock);
  if (!body.ok) return body;
  const input = parseNewKey(body.value, clock.now());
  if (!input.ok) return input;
  const issued = await access.keys.create(input.value, audit(exchange));
  if (!issued.ok) return issued;
  const { text, credentialId, view } = issued.value;
  exchange.facts.keyId = view.id;
  return ok(Response.json({ key: text, credentialId, ...view }, { status: 201 }));
}

function keyResource(ports: AdminPorts, exchange: Exchange): Promise<Answered> {
  const { access, clock } = ports;
  const [id = '', action, ...more] = exchange.address.pathname.split('/').slice(4);
  // Log the id only if it is valid. Any other text might be part of a secret.
  const keyId = keyIdFrom(id);
  if (keyId !== undefined) exchange.facts.keyId = keyId;
  if (more.length > 0) return Promise.resolve(fail({ type: 'no-such-route' }));
  if (action === undefined) {
    return byMethod({
      GET: async () => json(await access.keys.get(id)),
      PATCH: async ({ request }) => {
        const body = await readJson(request, clock);
        if (!body.ok) return body;
        const change = parseKeyChange(body.value, clock.now());
        return change.ok ? json(await access.keys.change(id, change.value, audit(exchange))) : change;
      },
    })(exchange);
  }
  if (action === 'rotate') {
    return byMethod({
      POST: async ({ request }) => {
        const body = await readJson(request, clock);
        if (!body.ok) return body;
        const rotation = parseRotation(body.value);
        if (!rotation.ok) return rotation;
        const issued = await access.keys.rotate(id, rotation.value, audit(exchange));
        if (!issued.ok) return issued;
        const { text, credentialId, view } = issued.value;
        return ok(Response.json({ key: text, credentialId, ...view }, { status: 201 }));
      },
    })(exchange);
  }
  if (action === 'revoke') {
    return byMethod({ POST: async () => json(await access.keys.revoke(id, audit(exchange))) })(exchange);
  }
  return Promise.resolve(fail({ type: 'no-such-route' }));
}

async function listExecutions(
  { listArchived, clock }: AdminPorts,
  { address: { parameters } }: Exchange,
): Promise<Answered> {
  const query = readQuery(parameters, ['status', 'cursor', 'limit']);
  if (!query.ok) return query;
  if (query.value.status?.includes('RUNNING')) {
    return invalid(
      'query',
      'status',
      'must be SUCCEEDED, FAILED or ABORTED: archived executions have ended.',
    );
  }
  const { status, cursor, limit = LISTED_DEFAULT } = query.value;
  const executions = [];
  let from = cursor;
  // Use each listing completely, because the next answer can only begin where a listing ended.
  for (let listings = 0; listings < LISTINGS_MAX && executions.length < limit; listings++) {
    const listed = await listArchived({
      limit: limit - executions.length,
      ...(from !== undefined && { cursor: from }),
    });
    if (!listed.ok) return listed;
    executions.push(...listed.value.executions.filter((found) => status?.includes(found.status) ?? true));
    from = listed.value.cursor;
    if (from === undefined) break;
  }
  return ok(
    Response.json({
      executions: executions.map((execution) => archivedBody(execution, execution, clock.now())),
      cursor: from,
    }),
  );
}

function executionResource(ports: AdminPorts, exchange: Exchange): Promise<Answered> {
  const { executions } = ports;
  const { resource, rawId } = splitExecutionPath(
    exchange.address.pathname.slice(ADMIN_EXECUTIONS_PATH.length),
  );
  if (resource === 'tickets' || resource === 'children')
    return Promise.resolve(fail({ type: 'no-such-route' }));
  const withRef = (handle: (ref: ExecutionRef) => Promise<Answered>, readId = readExecutionId): Handler => {
    return async () => {
      const ref = readExecutionRef(rawId, readId);
      if (!ref.ok) return ref;
      exchange.facts.execution = ref.value.executionId;
      return handle(ref.value);
    };
  };
  if (resource === 'summary') {
    return byMethod({
      GET: withRef((ref) => executionState(ports, ref), readAnyExecutionId),
      DELETE: withRef(async (ref) => {
        const forgotten = await executions.forget(ref);
        if (!forgotten.ok) return forgotten;
        if (forgotten.value.archived) return ok(new Response(null, { status: 204 }));
        return fail({ type: 'no-such-record', detail: 'This execution is not archived.' });
      }, readAnyExecutionId),
    })(exchange);
  }
  return byMethod({
    PUT: withRef(async (ref) => {
      const { body } = exchange.request;
      if (!body) return invalid('body', 'messages', 'The history has no messages.');
      const encoded = await refuseEncoded(exchange.request);
      if (encoded) return encoded;
      // If Content-Length is too large, refuse the body before reading it.
      if (Number(exchange.request.headers.get('Content-Length') ?? 0) > IMPORT_BYTES_MAX) {
        await body.cancel();
        return fail({ type: 'body-too-large', maxBytes: IMPORT_BYTES_MAX });
      }
      const imported = await executions.importHistory(ref, body);
      if (!imported.ok) return imported;
      const { head, warnings } = imported.value;
      return ok(
        Response.json({
          ...archivedBody(ref, head, ports.clock.now()),
          ...(warnings.length > 0 && { warnings }),
        }),
      );
    }),
  })(exchange);
}

/** Reports the current readers, and what is archived. */
async function executionState(
  { executions, archive, clock }: AdminPorts,
  ref: ExecutionRef,
): Promise<Answered> {
  const activity = await executions.activity(ref);
  if (!activity.ok) return activity;
  const archived = await archive.find(ref);
  return ok(
    Response.json({
      flowExecutionId: ref.executionId,
      source: ref.source,
      ...activity.value,
      ...(archived && { archived: archivedBody(ref, archived.head, clock.now()) }),
    }),
  );
}

const archivedBody = (
  { source, executionId }: ExecutionName,
  facts: Pick<ArchiveHead, 'status' | 'count' | 'startedAt' | 'endedAt' | 'archivedAt' | 'finalAt' | 'from'>,
  nowMs: number,
) => ({
  flowExecutionId: executionId,
  source,
  status: facts.status,
  messageCount: facts.count,
  startedAt: facts.startedAt,
  endedAt: facts.endedAt,
  archivedAt: facts.archivedAt,
  final: isFinal(facts, nowMs),
  imported: facts.from === 'import',
});

const json = <T>(result: Result<T>): Answered => (result.ok ? ok(Response.json(result.value)) : result);

/**
 * One kind of handler for all routes: it is given the request and what is to be logged of it, and answers with a response
 * or a failure. What becomes of a failure, an exception, a method that a route does not take, and which headers and log
 * line every answer gets, is decided here, once.
 */
import type { Context, Hono } from 'hono';

import type { Clock } from '../core/clock.ts';
import { type Failure, type Result, fail, internalText, invalid, ok } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { problemResponse } from './problem.ts';
import type { RequestFacts } from './request-facts.ts';
import { requestUrl } from './request-url.ts';
import { securityHeaders, withHeaders } from './responses.ts';

/** What the runtime knows of a request besides itself. */
export interface RuntimeContext {
  /** Who calls, as the runtime knows it: the bucket for failed authentications. */
  readonly clientAddress: string;
  /** The caller came over TLS, which somebody in front has ended. */
  readonly overTls?: boolean;
  /** Keeps the runtime alive for work that outlasts the answer. */
  readonly waitUntil: (work: Promise<unknown>) => void;
}

export interface Exchange {
  readonly request: Request;
  /** As the caller has it: with https: also where the TLS was ended in front. */
  readonly url: URL;
  readonly facts: RequestFacts;
  readonly runtime: RuntimeContext;
}

export type Handler = (exchange: Exchange) => Promise<Result<Response>>;

/** Handlers by method. GET answers HEAD too. */
export type Methods = Readonly<Partial<Record<'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', Handler>>>;

/** The handler for the method, or 405 with what is allowed. */
export const byMethod =
  (methods: Methods): Handler =>
  async (exchange) => {
    const { method } = exchange.request;
    const wanted = method === 'HEAD' ? 'GET' : method;
    // Safety: it is one of its own names. What every object inherits (`constructor`) is no method of ours.
    const handler = Object.hasOwn(methods, wanted) ? methods[wanted as keyof Methods] : undefined;
    if (handler) return handler(exchange);
    const allow = Object.keys(methods).flatMap((name) => (name === 'GET' ? ['GET', 'HEAD'] : [name]));
    if (method === 'OPTIONS') {
      return ok(new Response(null, { status: 204, headers: { Allow: [...allow, 'OPTIONS'].join(', ') } }));
    }
    return fail({ type: 'method-not-allowed', allow: [...allow, 'OPTIONS'] });
  };

/** Any other is text of the caller's own making, and not for the log. */
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

export type AppBindings = { Bindings: { readonly runtime: RuntimeContext } };

export interface RoutingPorts {
  readonly clock: Clock;
  readonly log: Log;
}

/** Puts a handler under a path of Hono's. `route` names it in the log. `refuse` shapes failures; problem JSON unless given. */
export function route(
  app: Hono<AppBindings>,
  ports: RoutingPorts,
  path: string,
  name: string,
  handler: Handler,
  refuse: (failure: Failure, requestId: string) => Response = problemResponse,
): void {
  app.all(path, (context) => answer(ports, context, name, handler, refuse));
}

export async function answer(
  { clock, log }: RoutingPorts,
  context: Context<AppBindings>,
  name: string,
  handler: Handler,
  refuse: (failure: Failure, requestId: string) => Response = problemResponse,
): Promise<Response> {
  const beganAtMs = clock.now();
  const facts: RequestFacts = { requestId: crypto.randomUUID(), route: name };
  const request = context.req.raw;
  let result: Result<Response>;
  try {
    const { runtime } = context.env;
    const url = requestUrl(request);
    if (url && runtime.overTls === true) url.protocol = 'https:';
    result = url ? await handler({ request, url, facts, runtime }) : NO_URL;
  } catch (error) {
    // A bug, whatever it was: the caller learns the request id and nothing else.
    const internal = error instanceof Error ? (error.stack ?? error.message) : String(error);
    result = fail({ type: 'internal', internal });
  }
  if (!result.ok) {
    facts.failure = result.failure.type;
    const reason = internalText(result.failure);
    if (reason !== undefined) facts.reason = reason;
  }
  const response = told(result.ok ? result.value : refuse(result.failure, facts.requestId), facts.requestId);
  const { requestId, ...rest } = facts;
  log({
    event: 'request',
    level: response.status >= 500 ? 'error' : 'info',
    requestId,
    method: METHODS.has(request.method) ? request.method : 'other',
    status: response.status,
    ms: clock.now() - beganAtMs,
    ...rest,
  });
  return response;
}

const NO_URL = invalid(
  'header',
  'Host',
  'must be the name or address of a host, with a port behind it or none; so must the host in a target that has one.',
);

const told = (response: Response, requestId: string): Response =>
  withHeaders(response, { ...securityHeaders, 'X-Request-Id': requestId });

/**
 * For what throws outside of `answer`, which is a bug, and leaves nothing of the request. The exception's message is not
 * logged: it may quote a URL, ticket and all.
 */
export function answerException(error: unknown, log: Log): Response {
  const requestId = crypto.randomUUID();
  const { name, stack = '' } = error instanceof Error ? error : new Error();
  const frames = stack.split('\n').filter((line) => /^\s+at /.test(line));
  const reason = [name, ...frames].join('\n');
  const failure: Failure = { type: 'internal', internal: reason };
  log({ event: 'request', level: 'error', requestId, status: 500, failure: failure.type, reason });
  return told(problemResponse(failure, requestId), requestId);
}

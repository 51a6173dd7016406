/**
 * Runs the handlers of all routes. A handler gets the request and a record for the log, and returns a
 * response or a failure. This file handles what all routes have in common: failures, exceptions, unsupported
 * methods, standard headers and the log line.
 */
import type { Context } from 'hono';
import type { HonoBase } from 'hono/hono-base';

import type { Clock } from '../core/clock.ts';
import { exceptionText } from '../core/exception-text.ts';
import { type Failure, type Result, fail, internalText, invalid, ok } from '../core/errors.ts';
import type { Client } from '../executions/executions.ts';
import type { Log } from '../core/log.ts';
import { type CrossOrigin, preflight } from './cross-origin.ts';
import { problemResponse } from './problem-response.ts';
import type { createRequestLog } from './request-log.ts';
import type { RequestFacts } from './request-facts.ts';
import type { RequestAddress, RequestAddresses } from './request-address.ts';
import { type Draft, securityHeaders, toResponse, withHeaders } from './response-headers.ts';

/** What the runtime knows about a request. */
export interface RuntimeContext {
  /**
   * Returns the caller's address, for which failed authentications are counted. It is computed on demand,
   * because most requests do not need it.
   */
  readonly clientAddress: () => string;
  /** True if the caller used TLS and a proxy terminated it. */
  readonly overTls?: boolean;
  /** Its signal aborts when the caller disconnects. If absent, `request.signal` does. */
  readonly client?: Client;
  /** Keeps the runtime alive for work that continues after the response. */
  readonly waitUntil: (work: Promise<unknown>) => void;
}

export interface Exchange {
  readonly request: Request;
  readonly address: RequestAddress;
  readonly facts: RequestFacts;
  /**
   * Its signal aborts when the caller disconnects. Pass this on instead of the request, see `RuntimeContext`.
   */
  readonly client: Client;
  readonly runtime: RuntimeContext;
}

export type Answered = Result<Response | Draft>;
/** `Args` are what the route has already parsed from the request. */
export type Handler<Args extends readonly unknown[] = []> = (
  exchange: Exchange,
  ...args: Args
) => Promise<Answered>;

/** Handlers by method. The handler of GET also handles HEAD. */
export type Methods<Args extends readonly unknown[] = []> = Readonly<
  Partial<Record<'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', Handler<Args>>>
>;

/** Calls the handler for the request's method, or answers 405 with the allowed methods. */
export const byMethod =
  <Args extends readonly unknown[] = []>(methods: Methods<Args>): Handler<Args> =>
  async (exchange, ...args) => {
    const { method } = exchange.request;
    const wanted = method === 'HEAD' ? 'GET' : method;
    // Safety: `hasOwn` excludes inherited names such as `constructor`.
    const handler = Object.hasOwn(methods, wanted) ? methods[wanted as keyof Methods<Args>] : undefined;
    if (handler) return handler(exchange, ...args);
    const allow = Object.keys(methods).flatMap((name) => (name === 'GET' ? ['GET', 'HEAD'] : [name]));
    if (method === 'OPTIONS') {
      return ok(new Response(null, { status: 204, headers: { Allow: [...allow, 'OPTIONS'].join(', ') } }));
    }
    return fail({ type: 'method-not-allowed', allow: [...allow, 'OPTIONS'] });
  };

/**
 * The methods that are logged by name. Any other method is arbitrary text from the caller and must not reach
 * the log.
 */
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

export type AppBindings = { Bindings: { readonly runtime: RuntimeContext } };

export interface RoutingPorts {
  readonly addresses: RequestAddresses;
  readonly clock: Clock;
  readonly logRequest: ReturnType<typeof createRequestLog>;
  /** Where callers reach this service; see PUBLIC_URL in config.ts. */
  readonly publicUrl?: string;
}

/** Converts a failure to a response. */
type Refuse = (failure: Failure, requestId: string, publicUrl?: string) => Response;

export interface RouteOptions {
  /** Converts failures to responses. The default is problem JSON. */
  readonly refuse?: Refuse;
  /** Present if pages from other origins may call this route. */
  readonly crossOrigin?: CrossOrigin;
}

/** Registers a handler for a path. `name` identifies the route in the log. */
export function route(
  app: HonoBase<AppBindings>,
  ports: RoutingPorts,
  path: string,
  name: string,
  handler: Handler,
  options: RouteOptions = {},
): void {
  app.all(path, (context) => answer(ports, context, name, handler, options));
}

const answerPreflight: Handler = async () => ok(preflight());

export async function answer(
  { addresses, clock, logRequest, publicUrl }: RoutingPorts,
  context: Context<AppBindings>,
  name: string,
  handler: Handler,
  { refuse = problemResponse, crossOrigin }: RouteOptions = {},
): Promise<Response> {
  const beganAtMs = clock.now();
  const request = context.req.raw;
  const isPreflight = crossOrigin !== undefined && request.method === 'OPTIONS';
  const facts: RequestFacts = {
    event: 'request',
    level: 'info',
    requestId: crypto.randomUUID(),
    method: METHODS.has(request.method) ? request.method : 'other',
    status: 0,
    ms: 0,
    route: isPreflight ? 'preflight' : name,
  };
  let result: Answered;
  try {
    const { runtime } = context.env;
    const address = addresses.of(request);
    const handle = isPreflight ? answerPreflight : handler;
    result = address
      ? await handle({ request, address, facts, client: runtime.client ?? request, runtime })
      : NO_ADDRESS;
  } catch (error) {
    // An exception is a bug. The caller learns only the request id.
    result = fail({ type: 'internal', internal: exceptionText(error) });
  }
  if (!result.ok) {
    facts.failure = result.failure.type;
    const reason = internalText(result.failure);
    if (reason !== undefined) facts.reason = reason;
  }
  const response = toResponse(
    withHeaders(result.ok ? result.value : refuse(result.failure, facts.requestId, publicUrl), {
      ...standardHeaders(facts.requestId),
      ...crossOrigin?.(request),
    }),
  );
  facts.status = response.status;
  facts.ms = clock.now() - beganAtMs;
  if (facts.status >= 500) facts.level = 'error';
  logRequest(facts, facts.status >= 400 || facts.failure !== undefined);
  return response;
}

const NO_ADDRESS = invalid(
  'header',
  'Host',
  'must be a host name or address, optionally with a port. The same holds for an absolute request target.',
);

const standardHeaders = (requestId: string) => ({ ...securityHeaders, 'X-Request-Id': requestId });

/**
 * Answers an exception that was thrown outside of `answer`. Such an exception is a bug. The log line has no
 * facts about the request.
 */
export function answerException(error: unknown, log: Log, publicUrl?: string): Response {
  const requestId = crypto.randomUUID();
  const reason = exceptionText(error);
  const failure: Failure = { type: 'internal', internal: reason };
  log({ event: 'request', level: 'error', requestId, status: 500, failure: failure.type, reason });
  const problem = problemResponse(failure, requestId, publicUrl);
  return toResponse(withHeaders(problem, standardHeaders(requestId)));
}

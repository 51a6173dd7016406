/**
 * The application: every route, in order. Takes ports, knows no platform; worker.ts and deno.ts give it theirs.
 */
import { type Context, Hono, type MiddlewareHandler } from 'hono';
import { cors } from 'hono/cors';

import type { Access } from './access/access.ts';
import type { Archive } from './archive/archive.ts';
import type { Clock } from './core/clock.ts';
import { fail, ok } from './core/errors.ts';
import type { Executions } from './executions/executions.ts';
import { type Probe, adminRoutes } from './http/admin-routes.ts';
import { awsRefusal } from './http/aws/exceptions.ts';
import { awsProtocol } from './http/aws/protocol.ts';
import { ALLOWED_REQUEST_HEADERS, EXPOSED_RESPONSE_HEADERS } from './http/cross-origin.ts';
import { executionRoutes } from './http/execution-routes.ts';
import { keyRoute } from './http/key-route.ts';
import { requestUrl } from './http/request-url.ts';
import { type AppBindings, type Handler, answer, answerException, byMethod, route } from './http/routing.ts';
import type { Log } from './core/log.ts';
import type { CursorKeys } from './messages/cursor.ts';
import { CursorReader } from './messages/cursor-reader.ts';

/** How long browsers remember a preflight. Chromium keeps none longer than two hours. */
const PREFLIGHT_SECONDS = 7_200;

export interface AppPorts {
  readonly access: Access;
  readonly executions: Executions;
  readonly archive: Archive;
  readonly cursorKeys: CursorKeys;
  readonly probe: Probe;
  readonly corsOrigins: readonly string[];
  /** See PUBLIC_URL in config.ts. */
  readonly publicUrl?: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Flowtap's own version. */
  readonly version: string;
}

export type App = Hono<AppBindings>;

export function createApp(ports: AppPorts): App {
  // Route by the raw path, from which handlers also read the id: Hono's decoding would route paths that they don't recognise.
  const app = new Hono<AppBindings>({ getPath: (request) => requestUrl(request)?.pathname ?? '' });
  const { corsOrigins } = ports;

  // No cookies are used and every request needs a key, so any origin may call. Not for /v1/admin.
  const crossOrigin = cors({
    origin: corsOrigins.includes('*') ? '*' : [...corsOrigins],
    allowMethods: ['GET', 'HEAD', 'POST'],
    allowHeaders: [...ALLOWED_REQUEST_HEADERS],
    exposeHeaders: [...EXPOSED_RESPONSE_HEADERS],
    maxAge: PREFLIGHT_SECONDS,
  });
  for (const path of ['/v1/executions/*', '/v1/key']) {
    app.options(path, (context) => answer(ports, context, 'preflight', preflight(crossOrigin, context)));
    app.use(path, crossOrigin);
  }

  route(app, ports, '/healthz', 'health', health(ports));
  const reading = { ...ports, cursors: new CursorReader(ports.cursorKeys) };
  route(app, ports, '/v1/executions/*', 'execution', executionRoutes(reading));
  route(app, ports, '/v1/key', 'key', keyRoute(ports));

  // No CORS either: browsers use the routes above.
  const aws = awsProtocol(reading);
  app.post('/', (context) => answer(ports, context, 'aws', aws, awsRefusal));

  const admin = adminRoutes(ports);
  route(app, ports, '/v1/admin/keys', 'admin-keys', admin.keys);
  route(app, ports, '/v1/admin/keys/*', 'admin-key', admin.key);
  route(app, ports, '/v1/admin/executions', 'admin-executions', admin.executions);
  route(app, ports, '/v1/admin/executions/*', 'admin-execution', admin.execution);
  route(app, ports, '/v1/admin/probe', 'admin-probe', admin.probe);

  // A configured endpoint with a path: an AWS client needs the answer in its own protocol.
  app.notFound((context) =>
    answer(ports, context, 'none', notFound, context.req.header('X-Amz-Target') ? awsRefusal : undefined),
  );
  // Hono's default handler would print the exception with its message.
  app.onError((error) => answerException(error, ports.log));
  return app;
}

/** The service is up and configured. Reads nothing: a store or upstream that is down must not take it out of service. */
const health = ({ clock, version }: Pick<AppPorts, 'clock' | 'version'>): Handler =>
  byMethod({
    GET: async () => {
      // workerd sends no Date of its own, and `flowtap doctor` compares clocks.
      const headers = { 'Cache-Control': 'no-store', Date: new Date(clock.now()).toUTCString() };
      return ok(Response.json({ status: 'ok', version }, { headers }));
    },
  });

/** The middleware's answer to a preflight, with a request id and a log line like any other answer. */
const preflight =
  (crossOrigin: MiddlewareHandler, context: Context): Handler =>
  async () =>
    ok((await crossOrigin(context, async () => undefined)) ?? context.res);

const notFound: Handler = async () => fail({ type: 'no-such-route' });

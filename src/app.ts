/**
 * The application: every route, in order. Takes ports, knows no platform; worker.ts and deno.ts give it
 * theirs.
 */
import { HonoBase } from 'hono/hono-base';

import type { Access } from './access/access.ts';
import type { ArchiveList } from './archive/archive-list.ts';
import type { Archive } from './archive/archive.ts';
import type { Clock } from './core/clock.ts';
import { fail, ok } from './core/errors.ts';
import type { Executions } from './executions/executions.ts';
import { type Probe, adminRoutes } from './http/routes/admin-routes.ts';
import { awsRefusalFor } from './http/routes/aws-dialects.ts';
import type { AwsPorts } from './http/aws/aws-operation.ts';
import { awsProtocol } from './http/routes/aws-protocol.ts';
import { createCrossOrigin } from './http/cross-origin.ts';
import { executionRoutes } from './http/routes/execution-routes.ts';
import { homePage } from './http/routes/home-route.ts';
import { executionsRoute } from './http/routes/executions-list-route.ts';
import { flowsRoute } from './http/routes/flows-route.ts';
import { keyRoute } from './http/routes/key-route.ts';
import { PathRouter } from './http/path-router.ts';
import { createRequestLog } from './http/request-log.ts';
import { requestUrl } from './http/request-url.ts';
import {
  type AppBindings,
  type Handler,
  type RouteOptions,
  answer,
  answerException,
  byMethod,
  route,
} from './http/routing.ts';
import type { Children } from './lists/children.ts';
import type { Lists } from './lists/lists.ts';
import type { Log } from './core/log.ts';
import type { CursorKeys } from './messages/cursor.ts';
import { CursorReader } from './messages/cursor-reader.ts';

export interface AppPorts {
  readonly access: Access;
  readonly executions: Executions;
  readonly lists: Lists;
  readonly children: Children;
  readonly archive: Archive;
  readonly listArchived: ArchiveList;
  readonly cursorKeys: CursorKeys;
  readonly probe: Probe;
  readonly eventOfMessage: AwsPorts['eventOfMessage'];
  readonly corsOrigins: readonly string[];
  /** See REQUEST_LOG in config.ts. */
  readonly logEveryNth: number;
  /** See PUBLIC_URL in config.ts. */
  readonly publicUrl?: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Flowtap's own version. */
  readonly version: string;
}

export type App = HonoBase<AppBindings>;

export function createApp(ports: AppPorts): App {
  // Route by the raw path, from which handlers also read the id: Hono's decoding would route paths that they
  // don't recognise.
  const app = new HonoBase<AppBindings>({
    router: new PathRouter(),
    getPath: (request) => requestUrl(request)?.pathname ?? '',
  });
  const routing = { ...ports, logRequest: createRequestLog(ports.log, ports.logEveryNth) };
  // No cookies are used and every request needs a key, so any origin may call. Not for /v1/admin.
  const crossOrigin = createCrossOrigin(ports.corsOrigins);

  route(app, routing, '/healthz', 'health', health(ports));
  const reading = { ...ports, cursors: new CursorReader(ports.cursorKeys) };
  route(app, routing, '/v1/flows', 'flows', flowsRoute(ports), { crossOrigin });
  route(app, routing, '/v1/executions', 'executions', executionsRoute(ports), { crossOrigin });
  route(app, routing, '/v1/executions/*', 'execution', executionRoutes(reading), { crossOrigin });
  route(app, routing, '/v1/key', 'key', keyRoute(ports), { crossOrigin });

  // No CORS either: pages use the routes above.
  const aws = awsProtocol(reading);
  app.post('/', (context) =>
    answer(routing, context, 'aws', aws, { refuse: awsRefusalFor(context.req.raw) }),
  );
  app.get('/', (context) => answer(routing, context, 'home', homePage, refusalFor(context.req.raw)));

  const admin = adminRoutes(ports);
  route(app, routing, '/v1/admin/keys', 'admin-keys', admin.keys);
  route(app, routing, '/v1/admin/keys/*', 'admin-key', admin.key);
  route(app, routing, '/v1/admin/executions', 'admin-executions', admin.executions);
  route(app, routing, '/v1/admin/executions/*', 'admin-execution', admin.execution);
  route(app, routing, '/v1/admin/probe', 'admin-probe', admin.probe);

  app.notFound((context) => answer(routing, context, 'none', notFound, refusalFor(context.req.raw)));
  // Hono's default handler would print the exception with its message.
  app.onError((error) => answerException(error, ports.log, ports.publicUrl));
  return app;
}

/**
 * An AWS client whose endpoint has a wrong path, or whose request a wrong method, needs the answer in its own
 * protocol.
 */
const refusalFor = (request: Request): RouteOptions =>
  request.headers.has('X-Amz-Target') ? { refuse: awsRefusalFor(request) } : {};

/**
 * The service is up and configured. Reads nothing: a store or upstream that is down must not take it out of
 * service.
 */
const health = ({ clock, version }: Pick<AppPorts, 'clock' | 'version'>): Handler =>
  byMethod({
    GET: async () => {
      // workerd sends no Date of its own, and `flowtap doctor` compares clocks.
      const headers = { 'Cache-Control': 'no-store', Date: new Date(clock.now()).toUTCString() };
      return ok(Response.json({ status: 'ok', version }, { headers }));
    },
  });

const notFound: Handler = async () => fail({ type: 'no-such-route' });

/**
 * The application: registers all routes, in order. It is independent of the platform: worker.ts and deno.ts
 * pass in the ports.
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
import type { RequestAddresses } from './http/request-address.ts';
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
  readonly addresses: RequestAddresses;
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
  // Route by the raw path, because handlers parse the id from the raw path, too. With Hono's decoded path, a
  // handler could get a path that it cannot parse.
  const app = new HonoBase<AppBindings>({
    router: new PathRouter(),
    getPath: (request) => ports.addresses.of(request)?.pathname ?? '',
  });
  const routing = { ...ports, logRequest: createRequestLog(ports.log, ports.logEveryNth) };
  // Allowing other origins is safe, because requests are authenticated by a key and never by cookies.
  // /v1/admin allows no other origins.
  const crossOrigin = createCrossOrigin(ports.corsOrigins);

  route(app, routing, '/healthz', 'health', health(ports));
  const reading = { ...ports, cursors: new CursorReader(ports.cursorKeys) };
  route(app, routing, '/v1/flows', 'flows', flowsRoute(ports), { crossOrigin });
  route(app, routing, '/v1/executions', 'executions', executionsRoute(ports), { crossOrigin });
  route(app, routing, '/v1/executions/*', 'execution', executionRoutes(reading), { crossOrigin });
  route(app, routing, '/v1/key', 'key', keyRoute(ports), { crossOrigin });

  // No CORS here, because browser pages use the routes above.
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
  // Replaces Hono's default handler, which would print the exception with its message.
  app.onError((error) => answerException(error, ports.log, ports.publicUrl));
  return app;
}

/**
 * AWS clients need errors in their own protocol, even if their endpoint has a wrong path or they use a wrong
 * method.
 */
const refusalFor = (request: Request): RouteOptions =>
  request.headers.has('X-Amz-Target') ? { refuse: awsRefusalFor(request) } : {};

/**
 * Reports that the service is up and configured. Reads neither store nor upstream, because a failure of
 * either must not take the service out of rotation.
 */
const health = ({ clock, version }: Pick<AppPorts, 'clock' | 'version'>): Handler =>
  byMethod({
    GET: async () => {
      // Set Date, which workerd does not send by itself. `flowtap doctor` uses it to compare clocks.
      const headers = { 'Cache-Control': 'no-store', Date: new Date(clock.now()).toUTCString() };
      return ok(Response.json({ status: 'ok', version }, { headers }));
    },
  });

const notFound: Handler = async () => fail({ type: 'no-such-route' });

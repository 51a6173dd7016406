/**
 * A misbehaving server on loopback, with one named route per pathology: `server.url('/stalled')`. It records
 * its requests.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';

export interface CapturedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface HostileUpstream {
  url(route: string): URL;
  /** All requests, oldest first. */
  readonly requests: CapturedRequest[];
  /** The number of bytes that this server has written to its connections. */
  sentBytes(): number;
  /** How many answers ended early because the peer closed the connection. */
  readonly cutShort: () => number;
  close(): Promise<void>;
}

export const PAGE = {
  messages: [
    {
      messageId: '1',
      eventType: 'EXECUTION_STARTED',
      timestamp: 1559247540.656,
      payload: 'Flow execution started',
    },
  ],
  nextToken: 'more',
};

const MIB = 1024 * 1024;
const PAGE_TEXT = JSON.stringify(PAGE);
const json = (
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
) =>
  response
    .writeHead(status, { 'content-type': 'application/x-amz-json-1.1', ...headers })
    .end(typeof body === 'string' ? body : JSON.stringify(body));

/** Sends `bytes` of spaces as fast as the peer reads them, and then ends the answer. */
function flood(response: ServerResponse, bytes: number): void {
  const chunk = Buffer.alloc(64 * 1024, ' ');
  let sent = 0;
  const more = () => {
    while (sent < bytes && !response.destroyed) {
      sent += chunk.length;
      if (!response.write(chunk)) {
        response.once('drain', more);
        return;
      }
    }
    response.end();
  };
  more();
}

type Route = (response: ServerResponse, hit: number, request: IncomingMessage) => void;

const aws = (status: number, name: string, message = 'No.'): Route => {
  return (response) => json(response, status, { __type: name, message });
};
const body = (status: number, text: string, contentType: string): Route => {
  return (response) => response.writeHead(status, { 'content-type': contentType }).end(text);
};
/** Misbehaves the given number of times, then answers with a page. */
const times = (count: number, route: Route): Route => {
  return (response, hit, request) =>
    hit <= count ? route(response, hit, request) : json(response, 200, PAGE);
};

const reset: Route = (response) => response.socket?.resetAndDestroy();
const cutBody: Route = (response) => {
  response.writeHead(200, { 'content-length': PAGE_TEXT.length });
  response.write(PAGE_TEXT.slice(0, 30), () => response.socket?.destroy());
};
const xml = (code: string) =>
  `<ErrorResponse><Error><Code>${code}</Code><Message>Not so.</Message></Error></ErrorResponse>`;

const ROUTES: Readonly<Record<string, Route>> = {
  '/page': (response) => json(response, 200, PAGE),
  '/empty-page': (response) => json(response, 200, {}),
  '/gzip-page': (response) =>
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.from(PAGE_TEXT))),
  '/bom': body(200, `\ufeff${PAGE_TEXT}`, 'application/json'),

  '/invalid-request': aws(400, 'InvalidRequestException'),
  '/not-found': aws(400, 'com.amazonaws.iotthingsgraph#ResourceNotFoundException'),
  '/not-found-500': aws(500, 'ResourceNotFoundException'),
  '/not-found-200': aws(200, 'ResourceNotFoundException'),
  '/not-found-url': aws(
    400,
    'ResourceNotFoundException:http://internal.amazon.com/coral/com.amazon.coral.service/',
  ),
  '/not-found-header': (response) =>
    json(response, 404, '', {
      'x-amzn-errortype': 'ResourceNotFoundException:http://internal.amazon.com/coral/',
    }),
  '/not-found-code': (response) => json(response, 400, { code: 'ResourceNotFoundException', Message: 'No.' }),
  '/header-before-body': (response) =>
    json(
      response,
      400,
      { __type: 'InvalidRequestException' },
      { 'x-amzn-errortype': 'aws.thingsgraph#ResourceNotFoundException' },
    ),
  '/junk-header': (response) =>
    json(response, 400, { __type: 'ResourceNotFoundException' }, { 'x-amzn-errortype': '<!>' }),

  '/throttled': aws(400, 'ThrottlingException', 'Rate exceeded'),
  '/throttled-twice': times(2, aws(400, 'ThrottlingException')),
  '/throttled-200': aws(200, 'ThrottlingException'),
  '/throttled-429': (response) => response.writeHead(429).end(),
  '/throttled-429-html': body(429, '<html>Too many</html>', 'text/html'),
  '/throttled-xml': body(400, xml('Throttling'), 'text/xml'),
  '/slow-down': aws(503, 'SlowDown'),

  '/internal': aws(500, 'InternalFailureException'),
  '/internal-400': aws(400, 'InternalFailureException'),
  '/internal-once': times(1, aws(500, 'InternalFailureException')),
  '/xml-500': body(500, xml('InternalError'), 'text/xml'),
  '/html-502': body(502, '<html><h1>Bad gateway</h1></html>', 'text/html'),
  '/empty-503': (response) => response.writeHead(503).end(),
  '/huge-503': (response) => flood(response.writeHead(503), 40 * MIB),

  '/access-denied': aws(400, 'AccessDeniedException', 'User is not authorized'),
  '/expired-credentials': aws(403, 'ExpiredTokenException'),
  '/xml-403': body(403, xml('SignatureDoesNotMatch'), 'text/xml'),
  '/html-403': body(403, '<html>Blocked by your proxy</html>', 'text/html'),
  '/html-200': body(200, '<html>Please log in</html>', 'text/html'),
  '/half-json': body(200, PAGE_TEXT.slice(0, 40), 'application/x-amz-json-1.1'),
  '/empty-200': (response) => response.writeHead(200).end(),
  '/empty-204': (response) => response.writeHead(204).end(),
  '/not-modified': (response) => response.writeHead(304).end(),

  '/reset': reset,
  '/reset-twice': times(2, reset),
  '/cut-body': cutBody,
  '/cut-body-once': times(1, cutBody),
  '/not-gzip': (response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(PAGE_TEXT),
  '/not-http': (response) => response.socket?.end('SMTP ready\r\n'),

  '/40-mb': (response) => flood(response.writeHead(200), 40 * MIB),
  '/40-mb-announced': (response) => flood(response.writeHead(200, { 'content-length': 40 * MIB }), 40 * MIB),
  '/gzip-bomb': (response) =>
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(40 * MIB, ' '))),

  '/stalled': () => undefined,
  '/stalled-once': times(1, () => undefined),
  '/stalled-body': (response) => void response.writeHead(200).write(PAGE_TEXT.slice(0, 30)),
};

export async function startHostileUpstream(
  extra: Readonly<Record<string, Route>> = {},
): Promise<HostileUpstream> {
  const routes: Readonly<Record<string, Route>> = { ...ROUTES, ...extra };
  const requests: CapturedRequest[] = [];
  const hits = new Map<string, number>();
  const responses: ServerResponse[] = [];
  let cutShort = 0;

  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    responses.push(response);
    response.on('close', () => (cutShort += response.writableFinished ? 0 : 1));
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const url = request.url ?? '';
      const hit = (hits.get(url) ?? 0) + 1;
      hits.set(url, hit);
      requests.push({
        method: request.method ?? '',
        url,
        headers: Object.fromEntries(
          Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
        ),
        body: Buffer.concat(chunks).toString(),
      });
      const route = routes[url.split('?', 1)[0] ?? ''] ?? body(418, 'no such pathology', 'text/plain');
      route(response, hit, request);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // Safety: the server listens on TCP.

  return {
    url: (route) => new URL(`http://127.0.0.1:${port}${route}`),
    requests,
    sentBytes: () =>
      responses.reduce((sum, { socket, req }) => sum + ((socket ?? req.socket)?.bytesWritten ?? 0), 0),
    cutShort: () => cutShort,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/**
 * A small TCP server of event streams whose connections fail. It answers the first request for an execution
 * with one event. The next requests get the broken answers that the test chose. Later requests are answered
 * correctly, up to `end` and 204. The server records requests and ignores keys. It shares no code with the
 * service, only the format (docs/http-api.md, "The event stream").
 */
import { once } from 'node:events';
import { type AddressInfo, type Socket, createServer } from 'node:net';

/**
 * Contains UTF-8 characters of each length, which a cut can split, and characters that are special in a
 * shell.
 */
const PAYLOAD = 'aü€𝄞 * \\n $(x)';
export const PAYLOADS = [0, 1, 2, 3].map((n) => `<m${n}> ${PAYLOAD}`);

const data = (value: unknown) => `data: ${JSON.stringify(value)}\n\n`;
const message = (payload: string, n: number) =>
  `id: ${n}\n${data({ messageId: 'x', eventType: 'STEP_STARTED', timestamp: '2019-05-30T20:19:00.656Z', payload })}`;
/** An event of an unknown type whose data is not JSON. Clients must ignore it. */
const NEWS = 'id: 1\nevent: news\ndata: { from tomorrow\n\n';
/**
 * As in the service, every event except `problem` has a position as its id. NEWS has the id of the message
 * before it.
 */
const HISTORY = PAYLOADS.map((payload, n) => message(payload, n) + (n === 1 ? NEWS : ''));
const END = `id: end\nevent: end\n${data({ status: 'SUCCEEDED' })}`;

const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nConnection: close\r\n';
/** Allows a page of another origin to read the answer. */
const CORS = 'Access-Control-Allow-Origin: *\r\n';
const UNTIL_CLOSED = `${HEAD}${CORS}\r\n`;
const CHUNKED = `${HEAD}${CORS}Transfer-Encoding: chunked\r\n\r\n`;
const chunk = (bytes: Buffer, announced = bytes.length) =>
  Buffer.concat([Buffer.from(`${announced.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);
const LAST_CHUNK = Buffer.from('0\r\n\r\n');
export const answer = (status: string, type = 'text/plain', body = ''): Cut => {
  const head = `HTTP/1.1 ${status}\r\nContent-Type: ${type}\r\nConnection: close\r\n${CORS}`;
  return (socket) => socket.end(`${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
};

/** Answers a request and breaks the connection. `rest` is the stream after the id that the request sent. */
export type Cut = (socket: Socket, rest: Buffer) => void;

/**
 * The text right before each cut: the end of an event, the end of an id line, and the middle of an id line,
 * of a field name and of an event.
 */
const POSITIONS = [
  'tomorrow\n\n',
  'id: 2\n',
  'id: ',
  'id: 2\nda',
  `m2> ${JSON.stringify(PAYLOAD).slice(1)}}\n`,
];
const cutBehind = (rest: Buffer, text: string): Buffer => {
  const position = rest.indexOf(text);
  if (position < 0) throw new Error(`'${text}' is not in the rest of the stream`);
  return rest.subarray(0, position + Buffer.byteLength(text));
};
const cutWithinCharacter = (rest: Buffer): Buffer => rest.subarray(0, rest.indexOf('€') + 2);

const atEachPosition = (cut: (socket: Socket, bytes: Buffer) => void): Cut[] => [
  ...POSITIONS.map(
    (text): Cut =>
      (socket, rest) =>
        cut(socket, cutBehind(rest, text)),
  ),
  (socket, rest) => cut(socket, cutWithinCharacter(rest)),
];
const asText = (bytes: Buffer) => cutBehind(bytes, 'id: 2\nda').toString();

/** Longer than a follower's default delay, and with a fraction that a follower must not cut off. */
export const RETRY_MS = 1_300;
const problem = (retry = '') =>
  `${UNTIL_CLOSED}${retry}event: problem\n${data({ code: 'Overloaded', status: 503, title: 'Full', detail: 'Come later' })}`;

/** Failures that a follower must recover from, by name. Each lists the answers to consecutive connections. */
export const CUTS: Readonly<Record<string, readonly Cut[]>> = {
  'closed cleanly at any position': atEachPosition((socket, bytes) =>
    socket.end(Buffer.concat([Buffer.from(CHUNKED), chunk(bytes), LAST_CHUNK])),
  ),
  'broken off inside a chunk at any position': atEachPosition((socket, bytes) =>
    socket.end(Buffer.concat([Buffer.from(CHUNKED), chunk(bytes, bytes.length + 99).subarray(0, -2)])),
  ),
  'broken off in other ways': [
    (socket, rest) => socket.end(Buffer.concat([Buffer.from(CHUNKED), chunk(rest.subarray(0, 30))])),
    (socket, rest) => socket.end(UNTIL_CLOSED + asText(rest)),
    (socket, rest) => socket.write(UNTIL_CLOSED + asText(rest), () => socket.resetAndDestroy()),
  ],
  'broken off before an answer': [
    (socket) => socket.resetAndDestroy(),
    (socket) => socket.end(),
    (socket) => socket.end(HEAD),
    (socket) => socket.end('Oops\r\n\r\n'),
  ],
  'refused temporarily': [
    answer('429 Too Many Requests'),
    answer('500 Internal Server Error', 'text/html', '<p>\r\nsorry</p>'),
    answer('503 Service Unavailable'),
    (socket) => socket.end(problem()),
  ],
};

export const PROBLEM_WITH_RETRY: Cut = (socket) => socket.end(problem(`retry: ${RETRY_MS}\n\n`));
export const SILENCE: Cut = (socket, rest) => {
  socket.write(UNTIL_CLOSED + cutBehind(rest, 'id: 2\nda').toString());
};
export const ALL_SENT: Cut = (socket) => socket.end(`HTTP/1.1 204 No Content\r\n${CORS}\r\n`);
export const REFUSED = answer(
  '401 Unauthorized',
  'application/problem+json',
  '{"code":"Unauthorized","title":"No","detail":"Who?"}',
);
/** Sends one message after the other until the client disconnects. */
export const ENDLESS: Cut = (socket, rest) => {
  socket.write(UNTIL_CLOSED);
  const timer = setInterval(() => socket.write(cutBehind(rest, 'tomorrow\n\n')), 20);
  socket.on('close', () => clearInterval(timer));
};

interface Asked {
  readonly lastEventId: string | undefined;
  readonly atMs: number;
}

/** `meets` returns the broken answers to the second and later requests for an execution. */
export async function startCuttingServer(meets: (executionId: string) => readonly Cut[]) {
  const asked = new Map<string, Asked[]>();
  const sockets = new Set<Socket>();

  function reply(socket: Socket, request: string): void {
    const [, path = '', query = ''] = /^GET \/v1\/executions\/([^ ?]*)(?:\?(\S*))?/.exec(request) ?? [];
    const [id = '', what] = path.split('/').map(decodeURIComponent);
    const before = asked.get(id) ?? [];
    const parameters = new URLSearchParams(query);
    // A request for the summary or a page. It gets a minimal answer, or the refusal that the stream got.
    if (what !== 'messages' || parameters.has('maxResults')) {
      const isRefused = meets(id)[before.length - 2] === REFUSED;
      const body = JSON.stringify({ flowExecutionId: id, status: 'SUCCEEDED' });
      (isRefused ? REFUSED : answer('200 OK', 'application/json', body))(socket, Buffer.of());
      return;
    }
    const lastEventId =
      /^last-event-id: (.*)\r$/im.exec(request)?.[1] ?? parameters.get('lastEventId') ?? undefined;
    asked.set(id, [...before, { lastEventId, atMs: performance.now() }]);
    if (lastEventId === 'end') {
      ALL_SENT(socket, Buffer.of());
      return;
    }
    const next = lastEventId === undefined ? 0 : Number(lastEventId) + 1;
    const rest = Buffer.from(HISTORY.slice(next).join('') + END);
    const cut = meets(id)[before.length - 1];
    if (cut) cut(socket, rest);
    // The shortest delay that a server can ask for, so tests do not wait.
    else if (before.length === 0) socket.end(`${UNTIL_CLOSED}retry: 0\n\n${message(PAYLOADS[0] ?? '', 0)}`);
    else socket.end(UNTIL_CLOSED + rest.toString());
  }

  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    // A follower can disconnect at any time, so socket errors are ignored.
    socket.on('error', () => undefined);
    let request = '';
    socket.on('data', (bytes) => {
      request += bytes.toString('latin1');
      if (request.endsWith('\r\n\r\n')) reply(socket, request);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  // Safety: the server listens on TCP.
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    /** The requests for the stream of an execution, in order. */
    asked: (id: string): readonly Asked[] => asked.get(id) ?? [],
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

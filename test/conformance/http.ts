/** An HTTP client that corrects nothing: it sends paths as given and does not follow redirects. */
import { Agent as PlainAgent, request as plainRequest, type IncomingMessage } from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';

export interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

export interface Answer {
  readonly status: number;
  /** The keys are header names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** The type of parsed answers. Safety: if a check reads a missing member, that check fails. */
// eslint-disable-next-line typescript/no-explicit-any
export type Json = { readonly [member: string]: any };

const agents = { 'http:': new PlainAgent({ keepAlive: true }), 'https:': new TlsAgent({ keepAlive: true }) };

/**
 * Ends requests that hang. Longer than the longest wait that a caller can request (50 s), with room for a busy
 * machine. No check depends on the value.
 */
export const TIMEOUT_MS = 150_000;

/**
 * Resolves when the status and headers have arrived; the caller reads the body. `alone` opens a new connection
 * for this request.
 */
export function connect(base: URL, path: string, asked: Asked = {}, alone = false): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const secure = base.protocol === 'https:';
    const sent = (secure ? tlsRequest : plainRequest)({
      hostname: base.hostname.replace(/^\[|\]$/g, ''),
      port: base.port,
      path,
      method: asked.method ?? 'GET',
      headers: { ...asked.headers },
      agent: alone ? false : agents[secure ? 'https:' : 'http:'],
      timeout: TIMEOUT_MS,
    });
    sent.on('timeout', () => sent.destroy(new Error(`no answer within ${TIMEOUT_MS} ms: ${path}`)));
    sent.on('error', reject);
    sent.on('response', resolve);
    sent.end(asked.body);
  });
}

export async function send(base: URL, path: string, asked: Asked = {}): Promise<Answer> {
  const response = await connect(base, path, asked);
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return {
    status: response.statusCode ?? 0,
    headers: headersOf(response),
    text: Buffer.concat(chunks).toString(),
  };
}

export const headersOf = ({ headers }: IncomingMessage): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value ?? ''].flat().join(', ')]));

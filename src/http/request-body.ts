/**
 * Reads a request's body as text or JSON, within limits on size and time. The bodies of imports are read in
 * imports/.
 */
import type { Clock } from '../core/clock.ts';
import { type Result, fail, invalid, ok } from '../core/errors.ts';
import { type BodyDeadlines, timedBody } from '../core/timed-body.ts';
import { parseJson } from '../core/parse-json.ts';

/**
 * Bodies for keys, tickets and AWS calls have a few kilobytes. Only imports are larger, and they are
 * streamed.
 */
export const BODY_BYTES_MAX = 64 * 1024;

/**
 * Bodies of a few kilobytes normally arrive within a second. A caller that needs much longer would only
 * occupy a connection and, on Deno, memory.
 */
export const BODY_DEADLINES: BodyDeadlines = { silenceMs: 10_000, totalMs: 30_000 };

/**
 * Returns a failure if the body is compressed. Bodies are never decompressed, because a few bytes could
 * expand to gigabytes.
 */
export async function refuseEncoded({ body, headers }: Request) {
  const encoding = (headers.get('Content-Encoding') ?? '').trim().toLowerCase();
  if (encoding === '' || encoding === 'identity') return undefined;
  await body?.cancel();
  return fail({ type: 'encoded-body' });
}

/** Reads the body as text. Returns '' if there is no body. */
export async function readText(request: Request, clock: Clock): Promise<Result<string>> {
  if (!request.body) return ok('');
  const encoded = await refuseEncoded(request);
  if (encoded) return encoded;
  const declared = Number(request.headers.get('Content-Length') ?? 0);
  if (declared > BODY_BYTES_MAX) {
    await request.body.cancel();
    return TOO_LARGE;
  }
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });
  const body = timedBody(request.body, clock, BODY_DEADLINES);
  let text = '';
  let bytes = 0;
  try {
    for (;;) {
      const chunk = await body.read();
      if (chunk === 'too-slow') {
        body.cancel();
        return fail({ type: 'body-too-slow' });
      }
      const { done, value } = chunk;
      if (done) return ok(text + decoder.decode());
      bytes += value.byteLength;
      if (bytes > BODY_BYTES_MAX) {
        body.cancel();
        return TOO_LARGE;
      }
      text += decoder.decode(value, { stream: true });
    }
  } catch {
    return invalid('body', 'body', 'must be complete, and UTF-8.');
  }
}

const TOO_LARGE = fail({ type: 'body-too-large', maxBytes: BODY_BYTES_MAX });

/** Reads the body as JSON. Returns undefined if the body is missing or blank. */
export async function readJson(request: Request, clock: Clock): Promise<Result<unknown>> {
  const text = await readText(request, clock);
  if (!text.ok) return text;
  if (text.value.trim() === '') return ok(undefined);
  const type = request.headers.get('Content-Type');
  if (type !== null && !/^application\/([\w.-]+\+)?json\s*(;|$)/i.test(type)) {
    return fail({ type: 'unsupported-media-type', expected: 'application/json' });
  }
  const json = parseJson(text.value);
  return json === undefined ? invalid('body', 'body', 'must be JSON.') : ok(json);
}

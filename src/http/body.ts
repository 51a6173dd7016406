/** Reads a request's body as text or JSON, up to a limit. */
import { type Result, fail, invalid, ok } from '../core/errors.ts';

/** Keys, tickets and AWS calls have a few kilobytes. Only imports are larger, and they are streamed. */
export const BODY_BYTES_MAX = 64 * 1024;

/** Fails for a compressed body. None is decompressed: a few bytes could become gigabytes. */
export async function refuseEncoded({ body, headers }: Request) {
  const encoding = (headers.get('Content-Encoding') ?? '').trim().toLowerCase();
  if (encoding === '' || encoding === 'identity') return undefined;
  await body?.cancel();
  return fail({ type: 'encoded-body' });
}

/** The body as text; '' if the request has no body. */
export async function readText(request: Request, maxBytes = BODY_BYTES_MAX): Promise<Result<string>> {
  if (!request.body) return ok('');
  const encoded = await refuseEncoded(request);
  if (encoded) return encoded;
  const declared = Number(request.headers.get('Content-Length') ?? 0);
  if (declared > maxBytes) {
    await request.body.cancel();
    return fail({ type: 'body-too-large', maxBytes });
  }
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });
  const reader = request.body.getReader();
  let text = '';
  let bytes = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return ok(text + decoder.decode());
      bytes += value.byteLength;
      if (bytes > maxBytes) {
        await reader.cancel();
        return fail({ type: 'body-too-large', maxBytes });
      }
      text += decoder.decode(value, { stream: true });
    }
  } catch {
    return invalid('body', 'body', 'must be complete, and UTF-8.');
  }
}

/** The body as JSON; undefined if the request has no body. */
export async function readJson(request: Request): Promise<Result<unknown>> {
  const text = await readText(request);
  if (!text.ok) return text;
  if (text.value.trim() === '') return ok(undefined);
  const type = request.headers.get('Content-Type');
  if (type !== null && !/^application\/([\w.-]+\+)?json\s*(;|$)/i.test(type)) {
    return fail({ type: 'unsupported-media-type', expected: 'application/json' });
  }
  try {
    return ok(JSON.parse(text.value));
  } catch {
    return invalid('body', 'body', 'must be JSON.');
  }
}

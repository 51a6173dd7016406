/**
 * Parses the URL of a request once. The server builds this URL from the Host header and the request target.
 * Neither workerd nor Deno refuses an invalid Host, so this file checks it.
 */

/**
 * These characters end the host part of a URL. If Host contained one, the URL's path would differ from the
 * requested path.
 */
const NOT_IN_A_HOST = /[/\\?#@]/;

/** Caches the URL, because both the router and the handler need it. */
const parsed = new WeakMap<Pick<Request, 'url' | 'headers'>, { readonly url: URL | undefined }>();

/** The request's URL. Undefined if the Host header, or the host in an absolute request target, is invalid. */
export function requestUrl(request: Pick<Request, 'url' | 'headers'>): URL | undefined {
  let known = parsed.get(request);
  if (!known) parsed.set(request, (known = { url: parseRequestUrl(request) }));
  return known.url;
}

function parseRequestUrl({ url, headers }: Pick<Request, 'url' | 'headers'>): URL | undefined {
  if (NOT_IN_A_HOST.test(headers.get('Host') ?? '')) return undefined;
  return URL.parse(url) ?? undefined;
}

/**
 * The URL of a request, parsed once. Servers build it from the Host header and the request target; neither
 * workerd nor Deno refuses an invalid Host.
 */

/**
 * Characters that end the host in a URL: with one of these in Host, the URL would have another path than the
 * request.
 */
const NOT_IN_A_HOST = /[/\\?#@]/;

/** The router and the handler of a request need the same URL. */
const parsed = new WeakMap<Pick<Request, 'url' | 'headers'>, { readonly url: URL | undefined }>();

/** Undefined if the Host header, or the host in an absolute request target, is invalid. */
export function requestUrl(request: Pick<Request, 'url' | 'headers'>): URL | undefined {
  let known = parsed.get(request);
  if (!known) parsed.set(request, (known = { url: parseRequestUrl(request) }));
  return known.url;
}

function parseRequestUrl({ url, headers }: Pick<Request, 'url' | 'headers'>): URL | undefined {
  if (NOT_IN_A_HOST.test(headers.get('Host') ?? '')) return undefined;
  return URL.parse(url) ?? undefined;
}

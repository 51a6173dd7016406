/**
 * The URL that a request is for, where it has one: a server puts it together out of what came as Host and as target, and
 * not all of them refuse what is no host (workerd does, Deno does not).
 */

/** What a Host would end by: the path behind it, read from such a URL, is another one than came. */
const NOT_IN_A_HOST = /[/\\?#@]/;

/** The router and the handler of a request need the same URL. */
const parsed = new WeakMap<Pick<Request, 'url' | 'headers'>, { readonly url: URL | undefined }>();

/** Parses it once per request. Undefined: what came as Host, or as a target with a host of its own, is none. */
export function requestUrl(request: Pick<Request, 'url' | 'headers'>): URL | undefined {
  let known = parsed.get(request);
  if (!known) parsed.set(request, (known = { url: parseRequestUrl(request) }));
  return known.url;
}

function parseRequestUrl({ url, headers }: Pick<Request, 'url' | 'headers'>): URL | undefined {
  if (NOT_IN_A_HOST.test(headers.get('Host') ?? '')) return undefined;
  return URL.parse(url) ?? undefined;
}

/**
 * The URL that a request is for, where it has one: a server puts it together out of what came as Host and as target, and
 * not all of them refuse what is no host (workerd does, Deno does not).
 */

/** What a Host would end by: the path behind it, read from such a URL, is another one than came. */
const NOT_IN_A_HOST = /[/\\?#@]/;

/** Undefined: what came as Host, or as a target with a host of its own, is none. */
export function requestUrl({ url, headers }: Pick<Request, 'url' | 'headers'>): URL | undefined {
  if (NOT_IN_A_HOST.test(headers.get('Host') ?? '')) return undefined;
  return URL.parse(url) ?? undefined;
}

/**
 * Turns redirects into errors. If `fetch` followed a redirect to another origin, it would drop
 * `Authorization`, and the next server would blame the credential. The error names the address to use
 * instead, except in browsers, which do not show where a redirect leads.
 */
import { REDIRECTED } from './wire/problem-code.ts';
import { FlowtapProblem } from './wire/problem.ts';

const REDIRECT_STATUSES = new Set([301, 302, 303, 307, 308]);

/**
 * The problem of a redirect; undefined for any other response. `url` was requested, and `path` is its part
 * below the service's address.
 */
export function redirectProblem(response: Response, url: string, path: string): FlowtapProblem | undefined {
  const { status, headers } = response;
  // Typed as `string`, because Workers' types do not know `opaqueredirect`.
  const type: string = response.type;
  const isOpaque = type === 'opaqueredirect';
  if (!isOpaque && !REDIRECT_STATUSES.has(status)) return undefined;
  const target = isOpaque ? undefined : redirectTarget(headers.get('Location'), url);
  return new FlowtapProblem({
    status,
    code: REDIRECTED,
    title: 'The address redirects elsewhere',
    detail: describe(new URL(url), target, path),
  });
}

function describe({ origin }: URL, target: URL | undefined, path: string): string {
  const cause = 'Redirects are not followed, because the credential would get lost.';
  if (!target)
    return `${origin} redirects to another address. Use that one as the service's address. ${cause}`;
  // Leaves out query and user, which might contain a ticket or a password.
  const shown = target.origin + target.pathname;
  const base = serviceAddress(target, path);
  return base === undefined
    ? `${origin} redirects to ${shown}, which is not a Flowtap address. Is a login page or a proxy in front? ${cause}`
    : `${origin} redirects to ${base}: use that as the service's address. ${cause}`;
}

function redirectTarget(location: string | null, url: string): URL | undefined {
  if (location === null || !URL.canParse(location, url)) return undefined;
  const target = new URL(location, url);
  return /^https?:$/.test(target.protocol) ? target : undefined;
}

/**
 * Removes the requested path from the target, which leaves the service's address. Undefined if the target
 * does not end with the path. Both are decoded first, because proxies might decode the path.
 */
function serviceAddress({ origin, pathname }: URL, path: string): string | undefined {
  const decoded = decode(pathname);
  const suffix = `/${decode(path)}`;
  return decoded.endsWith(suffix) ? `${origin}${decoded.slice(0, 1 - suffix.length)}` : undefined;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * Requests for pages. They rotate over executions, pages and keys, so that a server gains nothing from caching a single
 * address.
 */
import type { BenchKey, Flowtap, Level } from '../served/flowtap.ts';
import { LEVELS, inTurn } from '../served/flowtap.ts';
import type { LoadRequest } from './request-file.ts';

export const PAGES = 4;
export const PAGE_MESSAGES = 100;

export const messagesPath = (id: string, query = ''): string =>
  `/v1/executions/${encodeURIComponent(id)}/messages${query}`;

/** Returns the paths of the first `PAGES` pages of each execution. */
export async function pagesOf(service: Flowtap, ids: readonly string[], key: BenchKey): Promise<string[]> {
  const paths = await inTurn(ids.length, async (n) => {
    const found: string[] = [];
    let query = '';
    while (found.length < PAGES) {
      const path = messagesPath(ids[n] ?? '', query);
      found.push(path);
      const { nextToken } = await getJson<{ nextToken?: string }>(service, path, key);
      query = `?nextToken=${nextToken}`;
    }
    return found;
  });
  return paths.flat();
}

/**
 * Every key requests every page. The stride (7919) is coprime to the number of requests, so each request is used once,
 * and consecutive requests are far apart.
 */
export function rotate(paths: readonly string[], keys: readonly BenchKey[]): LoadRequest[] {
  const count = paths.length * keys.length;
  return Array.from({ length: count }, (_, n) => {
    const at = (n * 7919) % count;
    const key = keys[at % keys.length];
    return {
      path: paths[Math.floor(at / keys.length)] ?? '',
      headers: { 'X-API-Key': key?.text ?? '', 'X-Bench-Level': key?.level ?? '' },
    };
  });
}

/** Requests each page once with a key of each level of access, so that all pages are cached in memory. */
export async function warmUp(
  service: Flowtap,
  paths: readonly string[],
  keys: readonly BenchKey[],
): Promise<void> {
  const ofLevels = LEVELS.flatMap((level) => keys.find((key) => key.level === level) ?? []);
  await inTurn(paths.length, async (n) => {
    for (const key of ofLevels) await (await get(service, paths[n] ?? '', key)).body?.cancel();
  });
}

/**
 * Returns the body of a page for each level of access. Peers answer with these bodies, so that all sides send equally
 * many bytes.
 */
export async function bodiesOf(
  service: Flowtap,
  path: string,
  keys: readonly BenchKey[],
): Promise<Partial<Record<Level, string>>> {
  const bodies: Partial<Record<Level, string>> = {};
  for (const key of keys) bodies[key.level] ??= await (await get(service, path, key)).text();
  return bodies;
}

export async function getJson<T>(service: Flowtap, path: string, key: BenchKey): Promise<T> {
  // Safety: the caller names the shape with which the route answers.
  return (await (await get(service, path, key)).json()) as T;
}

async function get(service: Flowtap, path: string, key: BenchKey): Promise<Response> {
  const response = await fetch(new URL(path, service.url), { headers: { 'X-API-Key': key.text } });
  if (response.status !== 200) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return response;
}

/**
 * A router for Hono that supports only what this application needs: exact paths, and prefixes such as
 * `/v1/executions/*`. Hono's own routers also match patterns and collect middleware, which takes more time
 * per request and adds several kilobytes to the Worker.
 */
import type { Result, Router } from 'hono/router';

interface Route<T> {
  readonly method: string;
  readonly path: string;
  /** For a prefix: the text that all paths below it begin with. */
  readonly below: string | undefined;
  readonly handler: T;
}

const ALL = 'ALL';

export class PathRouter<T> implements Router<T> {
  readonly name = 'PathRouter';
  readonly #routes: Route<T>[] = [];

  add(method: string, path: string, handler: T): void {
    const isPrefix = path.endsWith('/*');
    const literal = isPrefix ? path.slice(0, -2) : path;
    if (/[:*?{]/.test(literal))
      throw new Error(`Cannot route the pattern ${path}: only a final /* is supported`);
    this.#routes.push({ method, path: literal, below: isPrefix ? `${literal}/` : undefined, handler });
  }

  /**
   * Returns only the first route that matches. A prefix also matches its own path without the trailing slash.
   */
  match(method: string, path: string): Result<T> {
    for (const route of this.#routes) {
      if (route.method !== ALL && route.method !== method) continue;
      if (path !== route.path && !(route.below !== undefined && path.startsWith(route.below))) continue;
      return [[[route.handler, {}]]];
    }
    return [[]];
  }
}

/**
 * Hono's router for this application: a handful of paths, each exact or with everything below it
 * (`/v1/executions/*`). Hono's own routers match patterns and collect middleware; they cost more time for
 * each request, and several kilobytes.
 */
import type { Result, Router } from 'hono/router';

interface Route<T> {
  readonly method: string;
  readonly path: string;
  /** What all paths below it begin with. */
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
    if (/[:*?{]/.test(literal)) throw new Error(`Cannot route the pattern ${path}: only a final /* is known`);
    this.#routes.push({ method, path: literal, below: isPrefix ? `${literal}/` : undefined, handler });
  }

  /** The first route that matches, alone. A prefix matches itself, too. */
  match(method: string, path: string): Result<T> {
    for (const route of this.#routes) {
      if (route.method !== ALL && route.method !== method) continue;
      if (path !== route.path && !(route.below !== undefined && path.startsWith(route.below))) continue;
      return [[[route.handler, {}]]];
    }
    return [[]];
  }
}

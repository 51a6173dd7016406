/**
 * A minimal Worker: Hono returns bytes from memory. HASH_AND_LOG adds what every service needs: one SHA-256 of the key
 * and one log line. The bodies are those that Flowtap sends for the level of access in the request's X-Bench-Level
 * header.
 */
import { createHash } from 'node:crypto';
import { Hono } from 'hono';

export { CallBudgetObject, ExecutionObject } from './unused-objects.workers.ts';

interface Env {
  /** A JSON object with the page body for each level of access. */
  readonly BODIES: string;
  /** `yes` hashes the key and logs a line for each request. */
  readonly HASH_AND_LOG: string;
}

/** Filled by the first request, because the bindings are unknown before. */
const bodies = new Map<string, Uint8Array<ArrayBuffer>>();
function readBodies(env: Env): void {
  for (const [level, text] of Object.entries<string>(JSON.parse(env.BODIES))) {
    bodies.set(level, new Uint8Array(new TextEncoder().encode(text)));
  }
}

const app = new Hono<{ Bindings: Env }>();
app.get('/v1/executions/*', (context) => {
  if (bodies.size === 0) readBodies(context.env);
  if (context.env.HASH_AND_LOG === 'yes') {
    const key = createHash('sha256')
      .update(context.req.header('x-api-key') ?? '')
      .digest('base64url');
    console.log(JSON.stringify({ event: 'request', method: 'GET', status: 200, key: key.slice(0, 8) }));
  }
  const body = bodies.get(context.req.header('x-bench-level') ?? '');
  return body
    ? context.body(body, 200, { 'content-type': 'application/json' })
    : context.text('no such level', 400);
});

// oxlint-disable-next-line import/no-default-export -- the runtime requires it
export default app;

/** The same as bare.workers.ts, but on Deno and without the hash and the log line. */
import { Hono } from 'hono';

const texts = Object.entries<string>(JSON.parse(Deno.env.get('BODIES') ?? '{}'));
const bodies = new Map(texts.map(([level, text]) => [level, new TextEncoder().encode(text)]));

const app = new Hono();
app.get('/v1/executions/*', (context) => {
  const body = bodies.get(context.req.header('x-bench-level') ?? '');
  return body
    ? context.body(body, 200, { 'content-type': 'application/json' })
    : context.text('no such level', 400);
});
const onListen = ({ port }: { port: number }) => console.log(`{"url":"http://127.0.0.1:${port}"}`);
Deno.serve({ hostname: '127.0.0.1', port: 0, onListen }, app.fetch);

/**
 * Follows an execution live with the npm package `eventsource`. Like a browser's EventSource, it reconnects by itself with the last id,
 * and stops at 204. This program adds the other duties of a client (docs/http-api.md, "What a client must do").
 *
 *     FLOWTAP_URL=http://127.0.0.1:8787 FLOWTAP_API_KEY=ftk_... node examples/follow-node.mjs EXECUTION_ID
 */
import { EventSource } from 'eventsource';

const { FLOWTAP_URL = 'http://127.0.0.1:8787', FLOWTAP_API_KEY } = process.env;
const [executionId] = process.argv.slice(2);
if (!FLOWTAP_API_KEY || !executionId) {
  console.error('FLOWTAP_URL=… FLOWTAP_API_KEY=… node examples/follow-node.mjs EXECUTION_ID');
  process.exit(2);
}
// The reader may have seen enough: `| head`.
process.stdout.on('error', (error) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

// The server sends a heartbeat after 15 s of silence. A connection without three of them is dead.
const SILENCE_MS_MAX = 45_000;
let connection = new AbortController();
let heardAt = 0;
let reported = '';
// The interval also keeps Node running between two connections. The reconnect timer of eventsource does not: without this, the
// program would exit there with success, before it has every message.
const watch = setInterval(() => {
  if (Date.now() - heardAt > SILENCE_MS_MAX) connection.abort(new Error('The connection is silent'));
}, 1_000);

/** Once for each trouble: it may last. */
function reportTrouble(trouble) {
  if (trouble !== reported && source.readyState !== EventSource.CLOSED)
    console.error(`${trouble}. Trying again.`);
  reported = trouble;
}

const source = new EventSource(`${FLOWTAP_URL}/v1/executions/${encodeURIComponent(executionId)}/messages`, {
  // Unlike a browser's EventSource, this one can send headers. It reconnects if the fetch fails.
  fetch: async (url, init) => {
    connection = new AbortController();
    heardAt = Date.now();
    const response = await fetch(url, {
      ...init,
      headers: { ...init.headers, Authorization: `Bearer ${FLOWTAP_API_KEY}` },
      signal: AbortSignal.any([init.signal, connection.signal]),
    }).catch((error) => {
      reportTrouble(`No answer from ${FLOWTAP_URL}: ${error.cause?.message ?? error.message}`);
      throw error;
    });
    // These pass; EventSource would stop at them for good.
    if (response.status === 429 || response.status >= 500) {
      await response.body?.cancel();
      reportTrouble(`${FLOWTAP_URL} answers ${response.status}`);
      throw new Error(`Status ${response.status}`);
    }
    reported = '';
    return response;
  },
});

for (const name of ['message', 'caught-up', 'heartbeat']) {
  source.addEventListener(name, () => (heardAt = Date.now()));
}
source.addEventListener('message', ({ data }) => console.log(data));
source.addEventListener('reset', () =>
  console.error('The history has changed: it is sent again from its start'),
);
source.addEventListener('problem', ({ data }) => {
  const { title, detail } = JSON.parse(data);
  console.error(`${title}: ${detail}`);
});
source.addEventListener('end', ({ data }) => {
  console.error(`Ended: ${JSON.parse(data).status}`);
  // Without this it would reconnect once more, and get 204.
  source.close();
  clearInterval(watch);
});
source.addEventListener('error', ({ code, message }) => {
  // CONNECTING: it reconnects by itself. CLOSED: all was sent (204), or the refusal is permanent, such as a wrong key.
  if (source.readyState !== EventSource.CLOSED) return;
  clearInterval(watch);
  if (code === 204) return;
  console.error(`Refused: ${code ?? ''} ${message ?? ''}`);
  process.exitCode = 1;
});

/**
 * Follows an execution live with the npm package `eventsource`, which does on Node what a browser's EventSource does: it comes
 * back by itself with the last id that it saw, and stops at 204.
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

const source = new EventSource(`${FLOWTAP_URL}/v1/executions/${encodeURIComponent(executionId)}/messages`, {
  // Unlike a browser's, this one takes headers.
  fetch: (url, init) =>
    fetch(url, { ...init, headers: { ...init.headers, Authorization: `Bearer ${FLOWTAP_API_KEY}` } }),
});

source.addEventListener('message', ({ data }) => console.log(data));
source.addEventListener('reset', () =>
  console.error('The history is another one: it comes again from its start'),
);
source.addEventListener('problem', ({ data }) => {
  const { title, detail } = JSON.parse(data);
  console.error(`${title}: ${detail}`);
});
source.addEventListener('end', ({ data }) => {
  console.error(`Ended: ${JSON.parse(data).status}`);
  // It would come back once more and be told 204; whoever knows that this is the end can spare that.
  source.close();
});
source.addEventListener('error', ({ code, message }) => {
  // CONNECTING: it comes back by itself. CLOSED: refused for good, a wrong key say.
  if (source.readyState !== EventSource.CLOSED) return;
  console.error(`Refused: ${code ?? ''} ${message ?? ''}`);
  process.exitCode = 1;
});

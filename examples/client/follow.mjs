// Follows an execution to its end and says how it ended. Node 20 and newer; on Deno it runs unchanged.
//
//   npm run build
//   FLOWTAP_URL=http://127.0.0.1:8787 FLOWTAP_API_KEY=ftk_... node examples/client/follow.mjs <flowExecutionId>
import { createFlowtapClient, FlowtapProblem } from 'flowtap';

const { FLOWTAP_URL, FLOWTAP_API_KEY } = process.env;
const [flowExecutionId] = process.argv.slice(2);
if (!FLOWTAP_URL || !FLOWTAP_API_KEY || !flowExecutionId) {
  console.error('FLOWTAP_URL=… FLOWTAP_API_KEY=… node examples/client/follow.mjs <flowExecutionId>');
  process.exit(2);
}
// The reader may have seen enough: `| head`.
process.stdout.on('error', (error) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

const client = createFlowtapClient({ url: FLOWTAP_URL, apiKey: FLOWTAP_API_KEY });

// Ctrl-C ends the waiting, wherever it is.
const stop = new AbortController();
process.once('SIGINT', () => stop.abort());

try {
  // Each message once, in order, also through lost connections and restarts of the service. To see the messages alone, loop over
  // client.follow(…).
  for await (const event of client.followEvents(flowExecutionId, { signal: stop.signal })) {
    if (event.type === 'message') {
      const { timestamp, eventType, payload } = event.message;
      console.log(timestamp, eventType, payload ?? '');
    }
    if (event.type === 'reconnecting' && event.error) console.error(`${event.error.message} Trying again.`);
  }
  const { status, failure, durationMs } = await client.summary(flowExecutionId);
  console.log(`${status} after ${durationMs} ms`);
  if (failure) console.log(`in ${failure.step}: ${failure.cause}`);
} catch (error) {
  if (stop.signal.aborted) process.exit(130);
  // What the service refuses comes with a code to compare, and a sentence to show.
  if (!(error instanceof FlowtapProblem)) throw error;
  console.error(`${error.code}: ${error.detail}`);
  process.exit(1);
}

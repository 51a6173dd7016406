// Follows an execution to its end and says how it ended. Node 20 and newer; on Deno it runs unchanged.
//
//   npm run build
//   FLOWTAP_URL=http://127.0.0.1:8787 FLOWTAP_API_KEY=ftk_... node examples/client/follow.mjs <flowExecutionId>
import { createFlowtapClient, FlowtapProblem } from 'flowtap';

// Whoever reads this may have seen enough: `| head`.
process.stdout.on('error', (error) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

const [flowExecutionId] = process.argv.slice(2);
const client = createFlowtapClient({ url: process.env.FLOWTAP_URL, apiKey: process.env.FLOWTAP_API_KEY });

// Ctrl-C ends the waiting, wherever it is.
const stop = new AbortController();
process.once('SIGINT', () => stop.abort());

try {
  // Each message once, in order; lost connections and restarts of the service are made good on the way.
  for await (const { timestamp, eventType, payload } of client.follow(flowExecutionId, {
    signal: stop.signal,
  })) {
    console.log(timestamp, eventType, payload ?? '');
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

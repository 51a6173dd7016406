/**
 * Prints every event of an execution of Step Functions, read with the AWS SDK for JavaScript (v3).
 *
 *     FLOWTAP_URL=http://127.0.0.1:8787 FLOWTAP_API_KEY=ftk_… node print-history.mjs <executionArn>
 *
 * Needs @aws-sdk/client-sfn (npm install @aws-sdk/client-sfn). The key needs access to payloads ("full").
 */
import { SFNClient, paginateGetExecutionHistory } from '@aws-sdk/client-sfn';

const { FLOWTAP_URL, FLOWTAP_API_KEY } = process.env;
const [executionArn] = process.argv.slice(2);
if (!FLOWTAP_URL || !FLOWTAP_API_KEY || !executionArn) {
  console.error('FLOWTAP_URL=… FLOWTAP_API_KEY=… node print-history.mjs <executionArn>');
  process.exit(2);
}
// The reader may have seen enough: `| head`.
process.stdout.on('error', (error) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

const client = new SFNClient({
  endpoint: FLOWTAP_URL,
  region: executionArn.split(':')[3],
  credentials: {
    accessKeyId: 'flowtap',
    secretAccessKey: 'unused',
    sessionToken: FLOWTAP_API_KEY,
  },
});

const pages = paginateGetExecutionHistory({ client }, { executionArn, includeExecutionData: false });
for await (const { events = [] } of pages) {
  for (const event of events) {
    const [, details] = Object.entries(event).find(([name]) => name.endsWith('EventDetails')) ?? [];
    console.log(event.timestamp.toISOString(), event.type, details?.name ?? '');
  }
}

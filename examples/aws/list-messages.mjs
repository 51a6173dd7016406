/**
 * Prints every message of an execution, read with the AWS SDK for JavaScript (v3).
 *
 *     FLOWTAP_URL=http://127.0.0.1:8787 FLOWTAP_API_KEY=ftk_… node list-messages.mjs <flowExecutionId>
 *
 * Needs @aws-sdk/client-iotthingsgraph (npm install @aws-sdk/client-iotthingsgraph).
 */
import { IoTThingsGraphClient, paginateListFlowExecutionMessages } from '@aws-sdk/client-iotthingsgraph';

const { FLOWTAP_URL, FLOWTAP_API_KEY } = process.env;
const [flowExecutionId] = process.argv.slice(2);
if (!FLOWTAP_URL || !FLOWTAP_API_KEY || !flowExecutionId) {
  console.error('FLOWTAP_URL=… FLOWTAP_API_KEY=… node list-messages.mjs <flowExecutionId>');
  process.exit(2);
}
// The reader may have seen enough: `| head`.
process.stdout.on('error', (error) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

const client = new IoTThingsGraphClient({
  endpoint: FLOWTAP_URL,
  region: 'us-west-2',
  credentials: {
    accessKeyId: 'flowtap',
    secretAccessKey: 'unused',
    sessionToken: FLOWTAP_API_KEY,
  },
});

for await (const page of paginateListFlowExecutionMessages({ client }, { flowExecutionId })) {
  for (const { timestamp, eventType, payload = '' } of page.messages) {
    console.log(timestamp.toISOString(), eventType, payload);
  }
}

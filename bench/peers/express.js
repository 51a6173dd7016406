/**
 * A proxy as a team would write it: Express, the AWS SDK, a Map that caches pages, and a key check by SHA-256. Prints its
 * address. KEYS lists the accepted keys, separated by commas. UPSTREAM is the endpoint of the SDK's calls.
 */
import { createHash } from 'node:crypto';
import { IoTThingsGraphClient, ListFlowExecutionMessagesCommand } from '@aws-sdk/client-iotthingsgraph';
import express from 'express';

const hashOf = (key) => createHash('sha256').update(key).digest('hex');
const keys = new Set((process.env.KEYS ?? '').split(',').map(hashOf));
const client = new IoTThingsGraphClient({
  region: 'us-west-2',
  endpoint: process.env.UPSTREAM,
  credentials: { accessKeyId: process.env.KEY_ID ?? '', secretAccessKey: process.env.SECRET ?? '' },
});
const pages = new Map();

const app = express();
// Express 5 handles a rejected promise as an error.
// oxlint-disable-next-line oxc/no-async-endpoint-handlers
app.get('/v1/executions/:id/messages', async (request, response) => {
  if (!keys.has(hashOf(request.get('x-api-key') ?? ''))) return response.status(401).end();
  const { nextToken } = request.query;
  const name = JSON.stringify([request.params.id, nextToken]);
  let page = pages.get(name);
  if (page === undefined) {
    const input = { flowExecutionId: request.params.id, maxResults: 100, nextToken };
    const { messages, nextToken: next } = await client.send(new ListFlowExecutionMessagesCommand(input));
    page = { messages, nextToken: next };
    pages.set(name, page);
  }
  return response.json(page);
});
const server = app.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ url: `http://127.0.0.1:${server.address().port}` }));
});

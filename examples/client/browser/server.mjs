// A back end for the page beside it: it has the API key, and gives the page short-lived tickets, each good for reading one
// execution. Who may see which execution is for your own login to say, where the comment stands.
//
//   npm run build
//   FLOWTAP_URL=http://127.0.0.1:8787 FLOWTAP_API_KEY=ftk_... node examples/client/browser/server.mjs
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { createFlowtapClient, FlowtapProblem } from 'flowtap';

const { FLOWTAP_URL: url, FLOWTAP_API_KEY: apiKey } = process.env;
if (!url || !apiKey) {
  console.error('FLOWTAP_URL=… FLOWTAP_API_KEY=… node examples/client/browser/server.mjs');
  process.exit(2);
}
const client = createFlowtapClient({ url, apiKey });

const files = {
  '/': [new URL('index.html', import.meta.url), 'text/html; charset=utf-8'],
  // The built client as it is: one file, no dependency.
  '/flowtap.js': [new URL(import.meta.resolve('flowtap')), 'text/javascript'],
};

const server = createServer((request, response) => void answer(request, response));

async function answer(request, response) {
  const { pathname, searchParams } = new URL(request.url, 'http://localhost');
  try {
    if (Object.hasOwn(files, pathname)) {
      const [file, type] = files[pathname];
      response.writeHead(200, { 'Content-Type': type }).end(await readFile(fileURLToPath(file)));
    } else if (pathname === '/ticket') {
      // Here: is this user logged in, and may they see this execution?
      const ticket = await client.createTicket(searchParams.get('id') ?? '', { ttlSeconds: 600 });
      const body = JSON.stringify({ url, ticket });
      response.writeHead(200, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' }).end(body);
    } else {
      response.writeHead(404).end();
    }
  } catch (error) {
    const status = error instanceof FlowtapProblem ? error.status : 502;
    response.writeHead(status, { 'Content-Type': 'text/plain' }).end(error.message);
  }
}

server.listen(Number(process.env.PORT ?? 8080), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}/?id=<flowExecutionId>`);
});

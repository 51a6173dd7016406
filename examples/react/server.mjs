// Serves the built application beside it, and is its back end: it has the API key, and gives the page a ticket.
//
//   npm run pack:client                            in the repository, once
//   npm install && npm run build                   here
//   FLOWTAP_URL=http://127.0.0.1:8787 FLOWTAP_API_KEY=ftk_... npm start
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { createFlowtapClient, FlowtapProblem } from 'flowtap';

const { FLOWTAP_URL: url, FLOWTAP_API_KEY: apiKey, PORT: port = '8080' } = process.env;
if (!url || !apiKey) {
  console.error('FLOWTAP_URL=… FLOWTAP_API_KEY=… npm start');
  process.exit(2);
}
const client = createFlowtapClient({ url, apiKey });

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>An execution</title>
  </head>
  <body>
    <div id="root"></div>
    <script src="/main.js"></script>
  </body>
</html>`;

async function answer(request, response) {
  const { pathname, searchParams } = new URL(request.url, 'http://localhost');
  const send = (status, type, body) => response.writeHead(status, { 'Content-Type': type }).end(body);
  try {
    if (pathname === '/') send(200, 'text/html; charset=utf-8', PAGE);
    else if (pathname === '/main.js') {
      send(200, 'text/javascript', await readFile(new URL('dist/main.js', import.meta.url)));
    } else if (pathname === '/ticket' && request.method === 'POST') {
      // Here: is this user signed in, and may they see this execution?
      const ticket = await client.createTicket(searchParams.get('id') ?? '');
      send(200, 'application/json', JSON.stringify(ticket));
    } else send(404, 'text/plain', 'Not found');
  } catch (error) {
    send(error instanceof FlowtapProblem ? error.status : 502, 'text/plain', error.message);
  }
}

const server = createServer((request, response) => void answer(request, response));
server.listen(Number(port), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}/?id=<flowExecutionId>`);
});

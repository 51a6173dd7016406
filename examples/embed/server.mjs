// A partner's page on an origin of its own, with two lines of HTML that show an execution, and its back end: it has the API key, and
// gives the page a ticket. No dependencies, no build.
//
//   FLOWTAP_URL=http://127.0.0.1:8787 FLOWTAP_API_KEY=ftk_... node examples/embed/server.mjs
import { createServer } from 'node:http';

const { FLOWTAP_URL: url, FLOWTAP_API_KEY: apiKey, PORT: port = '8080' } = process.env;
if (!url || !apiKey) {
  console.error('FLOWTAP_URL=… FLOWTAP_API_KEY=… node examples/embed/server.mjs');
  process.exit(2);
}
const { origin } = new URL(url);

const page = (id) => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Our own page</title>
    <script type="module" src="${origin}/embed/v1.js"></script>
  </head>
  <body>
    <h1>Our own page</h1>
    <flowtap-execution ticket-url="/ticket?id=${encodeURIComponent(id)}"></flowtap-execution>
  </body>
</html>`;

/** All that the page may do: the element from Flowtap, requests to Flowtap and to this back end. */
const policy = `default-src 'none'; script-src ${origin}; connect-src 'self' ${origin}`;

async function answer(request, response) {
  const { pathname, searchParams } = new URL(request.url, 'http://localhost');
  const id = searchParams.get('id') ?? '';
  if (pathname === '/' && request.method === 'GET') {
    response.writeHead(200, {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy': policy,
    });
    response.end(page(id));
  } else if (pathname === '/ticket' && request.method === 'POST') {
    // Here: is this user signed in, and may they see this execution?
    const ticket = await fetch(`${url}/v1/executions/${encodeURIComponent(id)}/tickets`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${apiKey}` },
    });
    response.writeHead(ticket.status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' });
    response.end(await ticket.text());
  } else {
    response.writeHead(404).end();
  }
}

const server = createServer((request, response) => {
  answer(request, response).catch((error) => {
    console.error(error);
    response.writeHead(502).end();
  });
});
server.listen(Number(port), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}/?id=<flowExecutionId>`);
});

/**
 * For requests.test.ts: the service with a logger that throws inside a route, and a URL.parse that throws before any
 * route.
 */
import { readServerSettings } from '../../src/deno/server-settings.ts';
import { serveOnDeno } from '../../src/deno/server.ts';
import { consoleLog } from '../../src/core/log.ts';

const thrown = () => new TypeError("Invalid URL: 'http://x/?ticket=a-ticket-in-clear'\n in two lines");

const settings = readServerSettings(Deno.env.toObject());
if (!settings.ok) throw new Error(settings.failure.type);
let hasThrown = false;
const server = await serveOnDeno(settings.value, (record) => {
  if (record.event === 'request' && !hasThrown) {
    hasThrown = true;
    throw thrown();
  }
  consoleLog(record);
});
if (!server.ok) throw new Error(server.failure.type);
const parse = URL.parse.bind(URL);
URL.parse = (url, base) => {
  if (String(url).includes('unreadable')) throw thrown();
  return parse(url, base);
};
consoleLog({ event: 'listening', url: server.value.url.href });

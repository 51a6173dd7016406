/**
 * Sends the same load as wrk with rotate.lua, for machines without wrk: `autocannon.js <url> <file> <connections>
 * <seconds>`.
 */
import { readFile } from 'node:fs/promises';
import autocannon from 'autocannon';

const [url = '', file = '', connections, seconds] = process.argv.slice(2);
const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
const requests = lines.map((line) => {
  const [path, ...fields] = line.split('\t');
  const headers = {};
  for (let at = 0; at < fields.length; at += 2) headers[fields[at]] = fields[at + 1];
  return { method: 'GET', path, headers };
});
const result = await autocannon({
  url,
  requests,
  connections: Number(connections),
  duration: Number(seconds),
});
const errors = result.errors + result.timeouts + result.non2xx;
console.log(JSON.stringify({ requests: result.requests.total, micros: result.duration * 1_000_000, errors }));

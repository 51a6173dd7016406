/**
 * Requests all paths in a file one after another over one connection, and repeats this several times. Prints how many
 * milliseconds each repetition took: `reader.ts <url> <file> <times>`. The file has the format that rotate.lua reads.
 * An event stream is read until its `caught-up` event.
 */
import { readFile } from 'node:fs/promises';
import { Agent, type ClientRequest, request } from 'node:http';

const [url = '', file = '', times] = process.argv.slice(2);
const requests = (await readFile(file, 'utf8'))
  .trimEnd()
  .split('\n')
  .map((line) => {
    const [path = '', ...fields] = line.split('\t');
    const headers: Record<string, string> = {};
    for (let at = 0; at < fields.length; at += 2) headers[fields[at] ?? ''] = fields[at + 1] ?? '';
    return { target: new URL(path, url), headers };
  });
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

const ms: number[] = [];
for (let time = 0; time < Number(times); time++) {
  const beganMs = performance.now();
  for (const { target, headers } of requests) await read(target, headers);
  ms.push(performance.now() - beganMs);
}
console.log(JSON.stringify(ms));
agent.destroy();

function read(target: URL, headers: Readonly<Record<string, string>>): Promise<void> {
  return new Promise((resolve, reject) => {
    const sent: ClientRequest = request(target, { agent, headers }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`${target.href}: ${response.statusCode}`));
      const isStream = response.headers['content-type']?.startsWith('text/event-stream') === true;
      let rest = '';
      response.on('data', (bytes: Buffer) => {
        if (!isStream) return;
        // `caught-up` is the last event, so it is enough to search the end of each chunk.
        rest = (rest + bytes.toString('latin1', Math.max(0, bytes.length - 400))).slice(-800);
        if (!rest.includes('event: caught-up')) return;
        resolve();
        sent.destroy();
      });
      response.on('end', resolve);
      response.on('error', () => resolve());
    });
    sent.on('error', reject);
    sent.end();
  });
}

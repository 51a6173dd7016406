/** Tests the search for secrets, which every test file runs: it finds each kind of secret, in each place. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';

import { generateApiKey } from '../../src/access/keys/api-key.ts';
import { signTicket, ticketKeys } from '../../src/access/ticket.ts';
import { systemClock } from '../../src/core/clock.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { startWorker } from '../support/on-workerd.ts';
import { DenoWorld, messagesUrl, newKey } from '../deno/deno-process.ts';
import {
  ADMIN_TOKEN,
  masked,
  secretsIn,
  SECRETS_OF_TESTS,
  SIGNING_SECRET,
} from '../support/secret-patterns.ts';
import { expectNothingFound, takeFindings, testLog } from '../support/secret-search.ts';

const { text: KEY, credentialId, keyId, hash } = generateApiKey(randomBytes);
const CLAIMS = { sub: keyId, cid: credentialId, exe: 'x', pay: 'full', iat: 1, exp: 2, jti: 'j' } as const;
const TICKET = signTicket(CLAIMS, ticketKeys(SIGNING_SECRET));
const SIGNED = `AWS4-HMAC-SHA256 Credential=me/20260101/us-west-2/x/aws4_request, Signature=${'0f'.repeat(32)}`;

const KINDS: [kind: string, text: string][] = [
  ['an API key', KEY],
  ['an API key', KEY.slice(0, -20)],
  ['a ticket', TICKET],
  ['a ticket', `/v1/executions/x?ticket=${TICKET}`],
  ['an AWS access key id', 'AKIAIOSFODNN7EXAMPLE'],
  ['an AWS access key id', 'ASIAIOSFODNN7EXAMPLE'],
  ['an AWS session token', `IQoJb3JpZ2luX2VjE${'Zm9v'.repeat(60)}`],
  ['a SigV4 credential', SIGNED],
  ['a SigV4 signature', SIGNED],
  ['an Authorization header', 'Authorization: Bearer of-any-kind'],
  ...SECRETS_OF_TESTS.map((secret): [string, string] => ['a secret of the settings', `(${secret})`]),
  ['a secret of the settings', `/v1/admin/keys?token=${encodeURIComponent(ADMIN_TOKEN)}`],
];

describe('a secret is recognized by its pattern', () => {
  test.each(KINDS)('%s (%#)', (kind, text) => {
    expect(secretsIn(text)).toContain(kind);
    expect(secretsIn(JSON.stringify({ message: JSON.stringify({ text }) }))).toContain(kind);
    expect(secretsIn(masked(text))).toEqual([]);
  });

  test.each([
    `ftk_${credentialId}`,
    `ftk_${credentialId}_…`,
    Buffer.from(hash).toString('hex'),
    'Credential=[redacted]/20260101/us-west-2/x/aws4_request, [redacted]',
    'SIGNING_SECRET must have at least 32 characters; ADMIN_TOKEN, AWS_SECRET_ACCESS_KEY is missing',
    '{"event":"request","route":"admin-keys","keyId":"abcdefgh","execution":"urn:tdm:us-west-2/1/x:Workflow:y"}',
  ])('but not in text that only mentions secrets: %s', (text) => {
    expect(secretsIn(text)).toEqual([]);
  });
});

/** One kind of secret per place is enough, because the search uses the same patterns everywhere. */
const found = (place: string | RegExp) => [expect.stringMatching(place)];

describe('a secret is found', () => {
  test('in a record of a log port, and the error that fails the test file does not repeat the secret', () => {
    testLog()({ event: 'request', detail: `no such key: ${KEY}` });
    testLog()({ event: 'request', detail: `no such key: ftk_${credentialId}` });
    expect(expectNothingFound).toThrow(
      /^Secrets were logged or stored:\nan API key in the log \(.*log port.*\): .*no such key: f\*\*\*/,
    );
    expect(expectNothingFound).not.toThrow();
  });

  test('on the console', () => {
    console.info('Expected to be seen:', { authorization: 'Bearer of-any-kind' });
    expect(takeFindings()).toEqual(found('^an Authorization header in the console'));
  });

  test('in a memory store: in a value, in metadata, in a key', async () => {
    const store = createMemoryStore({ clock: systemClock });
    await store.put('value', KEY);
    await store.put('metadata', '', { metadata: { KEY } });
    await store.put(`name ${KEY}`, '');
    expect(takeFindings()).toEqual([
      expect.stringContaining('the memory store, under value'),
      expect.stringContaining('the memory store, under metadata'),
      expect.stringContaining('the memory store, under name'),
    ]);
  });

  test('in the output of a program, even if the line arrives in two pieces and has no newline at its end', async () => {
    const script = `const line = ${JSON.stringify(JSON.stringify({ event: 'request', KEY }))};
      process.stderr.write(line.slice(0, 50));
      process.stdin.once('end', () => process.stderr.write(line.slice(50))).resume();
      console.log('for its user: ${KEY}');`;
    const child = spawn(process.execPath, ['-e', script], { stdio: 'pipe' });
    // The program writes the second piece only after the first has arrived.
    child.stderr.once('data', () => child.stdin.end());
    await once(child, 'close');
    expect(takeFindings()).toEqual(found("^an API key in a program's output"));
  });

  test('in a SQLite file and its write-ahead log, when a program ends', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'flowtap-test-'));
    const end = () => once(spawn(process.execPath, ['--version'], { stdio: 'ignore' }), 'exit');
    const database = new DatabaseSync(join(directory, 'x.sqlite3'));
    database.exec('PRAGMA journal_mode = WAL; CREATE TABLE t (v)');
    database.prepare('INSERT INTO t VALUES (?)').run(Buffer.from(`before ${TICKET} after`));
    await end();
    expect(takeFindings()).toEqual(found(/^a ticket in flowtap-test-\w+\/x\.sqlite3-wal/));
    database.close();
    await end();
    expect(takeFindings()).toEqual(found(/^a ticket in flowtap-test-\w+\/x\.sqlite3 /));
    await end();
    expect(takeFindings()).toEqual([]);
  });

  test("in the Worker's log, in KV and in Durable Objects, when workerd ends", async () => {
    const script = `
      import { DurableObject } from 'cloudflare:workers';
      export class ExecutionObject extends DurableObject { async keep(text) { await this.ctx.storage.put('kept', text) } }
      export class CallBudgetObject extends DurableObject {}
      export default { async fetch(request, env) {
        const text = await request.text();
        console.log(JSON.stringify({ event: 'request', text }));
        await env.STORE.put('kept', text);
        await env.EXECUTIONS.getByName('x').keep(text);
        return new Response();
      } };`;
    const worker = await startWorker({ script });
    await worker.fetch('/', { method: 'POST', body: KEY });
    await worker.close();
    const findings = takeFindings();
    for (const place of ["program's output", 'kv/STORE/blobs/', 'do/flowtap-ExecutionObject/'])
      expect(findings).toContainEqual(expect.stringContaining(place));
  });

  test('in the log of the service on Deno, and in its database', async () => {
    // The service stores the names of keys and logs the ids of executions, so this text gets into both places.
    const name = 'AKIAIOSFODNN7EXAMPLE';
    const world = await DenoWorld.create();
    const { url } = await world.start();
    const key = await newKey(url, { name });
    await fetch(messagesUrl(url, name), { headers: { authorization: `Bearer ${key}` } });
    await world.end();
    const findings = takeFindings();
    for (const place of ["in a program's output", '/flowtap.sqlite3'])
      expect(findings).toContainEqual(expect.stringMatching(`^an AWS access key id .*${place}`));
    expect(findings.join()).not.toMatch(/an API key|settings/);
  });
});

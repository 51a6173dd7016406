/**
 * Compares the signatures of requests with AWS's test vectors, the AWS SDK's signer, and botocore's signer.
 */
import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';
import fc from 'fast-check';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseExecutionRef } from '../../src/core/execution-ref.ts';
import type { AwsCredentials } from '../../src/sources/aws/aws-credentials.ts';
import { staticCredentials } from '../../src/sources/aws/aws-credentials.ts';
import { createAwsSigner, SIGNING_KEYS_MAX } from '../../src/sources/aws/aws-signature.ts';
import { createThingsGraphSource } from '../../src/sources/things-graph/things-graph.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { testLog } from '../support/secret-search.ts';
import { startHostileUpstream, type CapturedRequest, type HostileUpstream } from './hostile-upstream.ts';
import { CREDENTIALS } from './things-graph-under-test.ts';
import suite from './sigv4-vectors.json' with { type: 'json' };
import { PYTHON, hasBoto3 } from '../support/installed.ts';
import { READ } from '../support/call-options.ts';
import { runs } from '../support/seeded-random.ts';

let upstream: HostileUpstream;
beforeAll(async () => {
  upstream = await startHostileUpstream();
});
afterAll(() => upstream.close());

const SIGNED = ['content-type', 'host', 'x-amz-date', 'x-amz-target'];

interface Sent {
  readonly request: CapturedRequest;
  readonly credentials: AwsCredentials;
  readonly region: string;
}

/** Requests a page, and returns the request as it went over the wire. */
async function send(
  id: string,
  token: string | undefined,
  limit: number,
  {
    credentials,
    region = 'us-west-2',
    nowMs,
  }: { credentials: AwsCredentials; region?: string; nowMs: number },
): Promise<Sent> {
  const source = createThingsGraphSource({
    region,
    endpoint: upstream.url('/page'),
    credentials: staticCredentials(credentials),
    fetch,
    clock: new ManualClock(nowMs),
    random: () => 0,
    log: testLog(),
  });
  const result = await source.page(parseExecutionRef(id), token, limit, READ);
  expect(result.ok).toBe(true);
  const request = upstream.requests.at(-1);
  if (request === undefined) throw new Error('No request was sent');
  return { request, credentials, region };
}

/** Returns the Authorization header that the AWS SDK's signer gives to the request. */
async function smithyAuthorization({ request, credentials, region }: Sent): Promise<string | undefined> {
  const judge = new SignatureV4({
    service: 'iotthingsgraph',
    region,
    credentials,
    sha256: Sha256,
    applyChecksum: false,
  });
  const date = request.headers['x-amz-date'] ?? '';
  const signed = await judge.sign(
    {
      method: request.method,
      protocol: 'http:',
      hostname: '127.0.0.1',
      path: request.url,
      query: {},
      headers: Object.fromEntries(
        ['content-type', 'host', 'x-amz-target'].map((name) => [name, request.headers[name] ?? '']),
      ),
      body: request.body,
    },
    { signingDate: new Date(date.replace(/^(....)(..)(..)T(..)(..)(..)Z$/, '$1-$2-$3T$4:$5:$6Z')) },
  );
  return signed.headers['authorization'];
}

const token64 = fc.stringMatching(/^[A-Za-z0-9+/]{4,200}={0,2}$/);
const credentials: fc.Arbitrary<AwsCredentials> = fc.record(
  {
    accessKeyId: fc.stringMatching(/^A[A-Z0-9]{15,20}$/),
    secretAccessKey: fc.stringMatching(/^[A-Za-z0-9+/]{40}$/),
    sessionToken: token64,
  },
  { requiredKeys: ['accessKeyId', 'secretAccessKey'] },
);
const nowMs = fc.integer({ min: 0, max: Date.UTC(2100, 0, 1) });
const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 300 });

test.each(suite.vectors)(
  'the official test vector $name gets the signature that AWS states',
  async (vector) => {
    const sign = createAwsSigner(suite.service, suite.region);
    const { accessKeyId, secretAccessKey } = suite;
    const headers = await sign(
      { url: new URL(vector.url), headers: vector.headers, body: vector.body },
      { accessKeyId, secretAccessKey, ...(vector.sessionToken ? { sessionToken: vector.sessionToken } : {}) },
      Date.parse(suite.time),
    );
    expect(headers.get('authorization')).toBe(vector.authorization);
  },
);

test('every request has the signature that the AWS SDK would give it', async () => {
  await fc.assert(
    fc.asyncProperty(
      text,
      fc.option(text, { nil: undefined }),
      fc.integer({ min: 1, max: 250 }),
      credentials,
      nowMs,
      async (id, token, limit, keys, time) => {
        const sent = await send(id, token, limit, { credentials: keys, nowMs: time });
        const { headers, body } = sent.request;
        expect(headers['authorization']).toBe(await smithyAuthorization(sent));
        expect(headers['x-amz-security-token']).toBe(keys.sessionToken);
        expect(JSON.parse(body)).toEqual({
          flowExecutionId: id,
          maxResults: limit,
          ...(token === undefined ? {} : { nextToken: token }),
        });
        const signed = /SignedHeaders=([^,]+)/.exec(headers['authorization'] ?? '')?.[1];
        expect(signed?.split(';')).toEqual(
          (keys.sessionToken === undefined ? SIGNED : [...SIGNED, 'x-amz-security-token']).toSorted(),
        );
      },
    ),
    { numRuns: runs(200) },
  );
});

test('a request has only the protocol headers of AWS JSON 1.1 and the headers that fetch adds', async () => {
  const { request } = await send('id', undefined, 1, { credentials: CREDENTIALS, nowMs: 0 });
  expect(request.method).toBe('POST');
  expect(request.headers).toMatchObject({
    'content-type': 'application/x-amz-json-1.1',
    'x-amz-target': 'IotThingsGraphFrontEndService.ListFlowExecutionMessages',
    'x-amz-date': '19700101T000000Z',
  });
  const transport = ['accept', 'accept-encoding', 'accept-language', 'connection', 'content-length', 'host'];
  const ofFetch = [...transport, 'sec-fetch-mode', 'user-agent'];
  expect(
    Object.keys(request.headers)
      .filter((name) => !ofFetch.includes(name))
      .toSorted(),
  ).toEqual(['authorization', 'content-type', 'x-amz-date', 'x-amz-security-token', 'x-amz-target']);
});

test('cached signing keys give correct signatures over many days and credentials, even after evictions', async () => {
  const kept = new Map<string, ArrayBuffer>();
  const sign = createAwsSigner('states', 'eu-west-1', kept);
  const url = new URL('https://states.eu-west-1.amazonaws.com/');
  const request = { url, headers: { 'content-type': 'application/x-amz-json-1.0' }, body: '{}' };
  for (let round = 0; round < 2; round++) {
    for (let index = 0; index < SIGNING_KEYS_MAX * 2; index++) {
      const keys = { accessKeyId: `AKID${index % 3}`, secretAccessKey: `secret${index % 3}` };
      const time = Date.UTC(2026, 0, 1 + index);
      const reused = await sign(request, keys, time);
      const fresh = await createAwsSigner('states', 'eu-west-1')(request, keys, time);
      expect(reused.get('authorization')).toBe(fresh.get('authorization'));
      expect(kept.size).toBeLessThanOrEqual(SIGNING_KEYS_MAX);
    }
  }
  const keys = kept.size;
  expect(keys).toBeGreaterThan(1);
  await sign(
    request,
    { accessKeyId: 'AKID1', secretAccessKey: 'secret1' },
    Date.UTC(2026, 0, SIGNING_KEYS_MAX * 2),
  );
  expect(kept.size).toBe(keys);
});

test.skipIf(!hasBoto3(PYTHON))(
  `every request has the signature that botocore would give it (skipped if ${PYTHON} has no boto3)`,
  async () => {
    const samples = fc.sample(fc.tuple(text, fc.option(text, { nil: undefined }), credentials, nowMs), {
      numRuns: runs(40),
      seed: 1,
    });
    const sent: Sent[] = [];
    for (const [id, token, keys, time] of samples) {
      sent.push(await send(id, token, 250, { credentials: keys, nowMs: time }));
    }
    const judge = fileURLToPath(new URL('botocore-judge.py', import.meta.url));
    const { stdout, stderr } = spawnSync(PYTHON, [judge], { input: JSON.stringify(sent), encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual(sent.map(({ request }) => request.headers['authorization']));
  },
);

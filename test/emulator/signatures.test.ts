/**
 * The emulator's check of signatures. It is tested with recorded requests of AWS's own clients (boto3, the AWS CLI and
 * the JavaScript SDKs, in test/data/aws-client-requests.jsonl), and with requests signed by aws4fetch. None of them
 * shares code with the emulator's verifier.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createEmulator } from '../../src/emulator/server/emulator.ts';
import type { Credentials } from '../../src/emulator/signature.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { CREDENTIALS, emulatorAt, signedRequest, START_MS, type SignedAs } from './signed-call.ts';

interface Recorded {
  readonly client: string;
  readonly url: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
}

const RECORDED: readonly Recorded[] = readFileSync(
  new URL('../data/aws-client-requests.jsonl', import.meta.url),
  'utf8',
)
  .trim()
  .split('\n')
  // Safety: the file is part of this repository, and the README beside it documents this shape.
  .map((line) => JSON.parse(line) as Recorded);

const headerOf = (recorded: Recorded, name: string): string =>
  recorded.headers.find(([given]) => given.toLowerCase() === name)?.[1] ?? '';

const RECORDED_CREDENTIALS: Credentials = { ...CREDENTIALS, sessionToken: 'my-product-api-key' };

/** Replays a recorded request at the time when it was signed. */
async function replay(
  recorded: Recorded,
  options: { credentials?: Credentials; body?: string; skewMs?: number; header?: [string, string] } = {},
): Promise<{ status: number; __type?: string; message?: string }> {
  const { credentials = RECORDED_CREDENTIALS, body = recorded.body, skewMs = 0, header } = options;
  const date = headerOf(recorded, 'x-amz-date').replace(
    /^(....)(..)(..)T(..)(..)(..)Z$/,
    '$1-$2-$3T$4:$5:$6Z',
  );
  const clock = new ManualClock((date === '' ? START_MS : Date.parse(date)) + skewMs);
  const headers = new Headers(recorded.headers.map(([name, value]) => [name, value]));
  if (header !== undefined) headers.set(...header);
  const request = new Request(`http://127.0.0.1:5777${recorded.url}`, { method: 'POST', headers, body });
  const response = await createEmulator({ clock, credentials }).fetch(request);
  return { status: response.status, ...JSON.parse(await response.text()) };
}

const signed = RECORDED.filter((recorded) => headerOf(recorded, 'authorization').includes('=AKIDEXAMPLE/'));
const lists = signed.filter((recorded) =>
  headerOf(recorded, 'x-amz-target').endsWith('ListFlowExecutionMessages'),
);
const describeRecorded = (recorded: Recorded) => `${recorded.client} ${recorded.body}`;

describe('recorded requests of AWS clients', () => {
  it.each(lists.map((recorded) => [describeRecorded(recorded), recorded] as const))(
    'have a signature that is accepted: %s',
    async (_, recorded) => {
      // These errors prove that the signature was accepted: only the execution or the token is unknown.
      const token = recorded.body.includes('nextToken');
      expect(await replay(recorded)).toMatchObject({
        status: 400,
        __type: token ? 'InvalidRequestException' : 'ResourceNotFoundException',
      });
    },
  );

  it('are refused if any signed part differs', async () => {
    expect(lists.length).toBeGreaterThanOrEqual(10);
    for (const recorded of lists) {
      const mismatch = { status: 400, __type: 'InvalidSignatureException' };
      expect(await replay(recorded, { body: `${recorded.body} ` })).toMatchObject(mismatch);
      expect(await replay(recorded, { header: ['host', '127.0.0.1:5778'] })).toMatchObject(mismatch);
      const secret = { ...RECORDED_CREDENTIALS, secretAccessKey: 'SECRETS' };
      expect(await replay(recorded, { credentials: secret })).toMatchObject(mismatch);
      for (const skewMs of [-301_000, 301_000]) {
        expect(await replay(recorded, { skewMs })).toMatchObject(mismatch);
      }
      for (const skewMs of [-300_000, 300_000]) {
        expect(await replay(recorded, { skewMs })).not.toMatchObject(mismatch);
      }
      const unknown = { status: 400, __type: 'UnrecognizedClientException' };
      const key = { ...RECORDED_CREDENTIALS, accessKeyId: 'AKIDOTHER' };
      expect(await replay(recorded, { credentials: key })).toMatchObject(unknown);
      const token = { ...RECORDED_CREDENTIALS, sessionToken: 'another' };
      expect(await replay(recorded, { credentials: token })).toMatchObject(unknown);
      expect(await replay(recorded, { credentials: CREDENTIALS })).toMatchObject(unknown);
    }
  });

  it('are accepted if an unsigned part differs', async () => {
    for (const recorded of lists) {
      const answer = await replay(recorded, { header: ['user-agent', 'someone-in-between/1.0'] });
      expect(answer).not.toMatchObject({ __type: 'InvalidSignatureException' });
    }
  });

  it('for another operation of Things Graph get an UnknownOperationException', async () => {
    const others = signed.filter((recorded) => !lists.includes(recorded));
    expect(others.length).toBeGreaterThan(0);
    for (const recorded of others) {
      expect(await replay(recorded)).toMatchObject({ status: 400, __type: 'UnknownOperationException' });
    }
  });

  it('without a signature get a MissingAuthenticationTokenException', async () => {
    const unsigned = RECORDED.filter((recorded) => headerOf(recorded, 'authorization') === '');
    expect(unsigned.length).toBeGreaterThan(0);
    for (const recorded of unsigned) {
      expect(await replay(recorded)).toMatchObject({
        status: 400,
        __type: 'MissingAuthenticationTokenException',
        message: 'Missing Authentication Token',
      });
    }
  });

  it('with a slash in the key id get an IncompleteSignatureException', async () => {
    const slashed = RECORDED.filter((recorded) => headerOf(recorded, 'authorization').includes('API/KEY=1'));
    expect(slashed.length).toBeGreaterThan(0);
    for (const recorded of slashed) {
      expect(await replay(recorded)).toMatchObject({ status: 400, __type: 'IncompleteSignatureException' });
    }
  });
});

const BODY = { flowExecutionId: 'unknown' };
const LET_IN = { status: 400, __type: 'ResourceNotFoundException' };

async function call(
  as: Partial<SignedAs>,
  change: (headers: Headers) => void = () => {},
): Promise<{ status: number; __type?: string; message?: string }> {
  const { emulator, clock } = emulatorAt();
  const request = await signedRequest(BODY, { nowMs: clock.now(), ...as });
  const headers = new Headers(request.headers);
  change(headers);
  const body = await request.text();
  const response = await emulator.fetch(new Request(request.url, { method: 'POST', headers, body }));
  return { status: response.status, ...JSON.parse(await response.text()) };
}

const inAuthorization = (from: string | RegExp, to: string) => (headers: Headers) =>
  headers.set('authorization', (headers.get('authorization') ?? '').replace(from, to));

describe('a signature', () => {
  it('of aws4fetch is accepted, although the host is only in the URL and not in a header', async () => {
    expect(await call({})).toMatchObject(LET_IN);
  });

  it('more than five minutes off the emulator’s clock is refused with AWS’s message', async () => {
    expect(await call({ nowMs: START_MS - 301_000 })).toMatchObject({
      status: 400,
      __type: 'InvalidSignatureException',
      message:
        'Signature expired: 20251231T235459Z is now earlier than 20251231T235500Z (20260101T000000Z - 5 min.)',
    });
    expect(await call({ nowMs: START_MS + 301_000 })).toMatchObject({
      status: 400,
      __type: 'InvalidSignatureException',
      message:
        'Signature not yet current: 20260101T000501Z is still later than 20260101T000500Z (20260101T000000Z + 5 min.)',
    });
  });

  it('is checked in the same order as in AWS: date, scope, key, signature', async () => {
    const wrongKey = { accessKeyId: 'AKIDOTHER', secretAccessKey: 'OTHER' };
    expect(await call({ credentials: wrongKey, region: 'mars-1', nowMs: START_MS - 400_000 })).toMatchObject({
      message: expect.stringMatching(/^Signature expired/),
    });
    expect(await call({ credentials: wrongKey, region: 'mars-1' })).toMatchObject({
      message: "Credential should be scoped to a valid region, not 'mars-1'.",
    });
    expect(await call({ credentials: wrongKey })).toMatchObject({
      __type: 'UnrecognizedClientException',
      message: 'The security token included in the request is invalid.',
    });
    expect(await call({ credentials: { ...CREDENTIALS, secretAccessKey: 'OTHER' } })).toMatchObject({
      __type: 'InvalidSignatureException',
      message: expect.stringMatching(/^The request signature we calculated does not match/),
    });
  });

  it('for another service, day or terminator is refused because of its scope', async () => {
    expect(await call({ service: 'states' })).toMatchObject({
      status: 400,
      __type: 'InvalidSignatureException',
      message: "Credential should be scoped to correct service: 'iotthingsgraph'.",
    });
    expect(await call({}, inAuthorization('/20260101/', '/20251231/'))).toMatchObject({
      __type: 'InvalidSignatureException',
      message: expect.stringMatching(/^Date in Credential scope does not match/),
    });
    expect(await call({}, inAuthorization('/aws4_request', '/aws5_request'))).toMatchObject({
      __type: 'InvalidSignatureException',
      message: expect.stringMatching(/valid terminator/),
    });
  });

  it('that does not cover host and date is refused, because they could have been changed in transit', async () => {
    for (const name of ['host', 'x-amz-date']) {
      const leaveOut = inAuthorization(new RegExp(`(SignedHeaders=[^,]*?);?\\b${name}\\b`), '$1');
      expect(await call({}, leaveOut), name).toMatchObject({
        status: 400,
        __type: 'InvalidSignatureException',
        message: expect.stringMatching(/must be a 'SignedHeader'/),
      });
    }
  });

  it('that covers a missing or impossible header is refused', async () => {
    for (const name of ['x-amz-other', 'no header', 'ä', '__proto__', '']) {
      const answer = await call({}, inAuthorization('SignedHeaders=', `SignedHeaders=${name};`));
      expect(answer, name).toMatchObject({ status: 400, __type: 'InvalidSignatureException' });
    }
  });

  it('that is cut off, in upper case, or over a wrong body hash is refused', async () => {
    const mismatch = { status: 400, __type: 'InvalidSignatureException' };
    expect(await call({}, inAuthorization(/.$/, ''))).toMatchObject(mismatch);
    expect(
      await call({}, (headers) =>
        headers.set(
          'authorization',
          (headers.get('authorization') ?? '').replace(/[0-9a-f]{64}$/, (text) => text.toUpperCase()),
        ),
      ),
    ).toMatchObject(mismatch);
    expect(await call({ headers: { 'x-amz-content-sha256': '0'.repeat(64) } })).toMatchObject(mismatch);
  });

  it('in a malformed header gets an IncompleteSignatureException', async () => {
    const incomplete = { status: 400, __type: 'IncompleteSignatureException' };
    for (const header of [
      'X',
      'AWS4-HMAC-SHA256',
      'AWS4-HMAC-SHA256 Credential=a',
      'AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=host',
      'Bearer Credential=a/b/c/d/e, SignedHeaders=host, Signature=f',
      'AWS4-HMAC-SHA256 Credential=a/b/c/d, SignedHeaders=host, Signature=f',
    ]) {
      expect(await call({}, (headers) => headers.set('authorization', header)), header).toMatchObject(
        incomplete,
      );
    }
    expect(await call({}, (headers) => headers.delete('x-amz-date'))).toMatchObject(incomplete);
    expect(await call({}, (headers) => headers.set('x-amz-date', '2026-01-01T00:00:00Z'))).toMatchObject(
      incomplete,
    );
  });

  it('is accepted only for the configured regions, if any are configured', async () => {
    const clock = new ManualClock(START_MS);
    const emulator = createEmulator({ clock, credentials: CREDENTIALS, regions: ['mars-1'] });
    const answerFor = async (region: string): Promise<unknown> =>
      (await emulator.fetch(await signedRequest(BODY, { nowMs: START_MS, region }))).json();
    expect(await answerFor('mars-1')).toMatchObject({ __type: 'ResourceNotFoundException' });
    expect(await answerFor('us-west-2')).toMatchObject({ __type: 'InvalidSignatureException' });
  });
});

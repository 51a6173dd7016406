import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { generateApiKey } from '../../src/access/keys/api-key.ts';
import { urlOf } from './access-under-test.ts';
import { presentedCredential } from '../../src/access/presented-credential.ts';
import { runs } from '../support/seeded-random.ts';

const PATH = '/v1/executions/x/messages';
const KEY = generateApiKey(randomBytes).text;

const found = (url: string, headers: Record<string, string> | [string, string][] = {}) => {
  const result = presentedCredential(urlOf(url), new Headers(headers));
  return result.ok ? `${result.value.kind}: ${result.value.text}` : result.failure;
};

describe('the credential of a request', () => {
  test.each([
    [{ Authorization: 'Bearer k1' }, 'key: k1'],
    [{ Authorization: 'bearer  k1 ' }, 'key: k1'],
    [{ 'X-API-Key': 'k1' }, 'key: k1'],
    [{ Authorization: 'Bearer k1', 'X-API-Key': 'k1' }, 'key: k1'],
    [{ Authorization: 'Basic dTpw', 'X-API-Key': 'k1' }, 'key: k1'],
    // The request also has a credential of another service.
    [{ Authorization: 'Bearer eyJh.eyJi.c', 'X-API-Key': 'ftk_k1' }, 'key: ftk_k1'],
    [{ Authorization: 'Bearer ftk_k1', 'X-API-Key': 'of a gateway' }, 'key: ftk_k1'],
    [{ Authorization: 'Basic dTpw, Bearer other', 'X-API-Key': 'ftk_k1' }, 'key: ftk_k1'],
    [
      { Authorization: 'AWS4-HMAC-SHA256 Credential=a, SignedHeaders=b, Signature=c', 'X-API-Key': 'k1' },
      'key: k1',
    ],
  ])('in %j is %j', (headers, expected) => {
    expect(found(PATH, headers)).toBe(expected);
  });

  test.each([
    [{}, undefined],
    [{ Authorization: '' }, undefined],
    [{ 'X-API-Key': '' }, undefined],
    [{ 'X-API-Key': ' , ' }, undefined],
    [{ Authorization: 'Bearer' }, 'Bearer'],
    [{ Authorization: 'bearer ' }, 'Bearer'],
    [{ Authorization: 'Basic dTpw' }, 'Basic'],
    [{ Authorization: 'Token ftk_k1' }, 'Token'],
    [{ Authorization: 'AWS4-HMAC-SHA256 Credential=a, SignedHeaders=b' }, 'AWS4-HMAC-SHA256'],
    // The text might be a secret, so it is not named as a scheme.
    [{ Authorization: KEY }, ''],
    [{ Authorization: `${KEY} x` }, ''],
    [{ Authorization: 'hunter2' }, ''],
    [{ Authorization: `${'x'.repeat(25)} y` }, ''],
    [{ Authorization: 'a.b.c d' }, ''],
  ])('is missing from %j; the reported scheme is %j', (headers, scheme) => {
    const missing = { type: 'missing-credentials', ...(scheme !== undefined && { scheme }) };
    expect(found(PATH, headers)).toEqual(missing);
    expect(found(`${PATH}?ticket=`, headers)).toEqual(missing);
  });

  test('is a ticket only in the query parameter `ticket`', () => {
    expect(found(`${PATH}?a=b&ticket=t.t.t`)).toBe('ticket: t.t.t');
    expect(found(`https://host${PATH}?ticket=t.t.t#fragment`)).toBe('ticket: t.t.t');
    expect(found(`${PATH}?ticket=t&ticket=t`)).toMatchObject({
      type: 'invalid-input',
      errors: [{ in: 'query', name: 'ticket' }],
    });
    expect(found(`${PATH}?Ticket=t`)).toEqual({ type: 'missing-credentials' });
    expect(found(`${PATH}?ticket[]=t`)).toMatchObject({ errors: [{ in: 'query', name: 'ticket[]' }] });
    expect(found(`${PATH}?ticket=t.t.t`, { Authorization: 'Bearer of.another.service' })).toBe(
      'ticket: t.t.t',
    );
  });

  test.each([
    [PATH, { Authorization: 'Bearer k1', 'X-API-Key': 'k2' }],
    [PATH, { Authorization: 'Bearer ftk_k1', 'X-API-Key': 'ftk_k2' }],
    [PATH, { Authorization: 'Bearer ftk_k1, Bearer other', 'X-API-Key': 'ftk_k2' }],
    [`${PATH}?ticket=t`, { Authorization: 'Bearer ftk_k1' }],
    [`${PATH}?ticket=t`, { 'X-API-Key': 'ftk_k1' }],
    [`${PATH}?ticket=t&ticket=u`, {}],
    [PATH, { 'X-API-Key': 'k1, k2' }],
    [PATH, { Authorization: 'Bearer k1, Bearer k2' }],
  ])('conflicts with a different one in the same request: %s %j', (url, headers) => {
    expect(found(url, headers)).toEqual({ type: 'conflicting-credentials' });
  });

  test('can be sent twice', () => {
    expect(
      found(PATH, [
        ['X-API-Key', 'k1'],
        ['x-api-key', 'k1'],
      ]),
    ).toBe('key: k1');
  });
});

describe('a key in the URL', () => {
  const twiceEncoded = encodeURIComponent(KEY.replaceAll('_', '%5F'));

  test.each([
    [`${PATH}?token=${KEY}`, 'token'],
    [`${PATH}?nextToken=${KEY}`, 'nextToken'],
    [`${PATH}?ticket=${KEY}`, 'ticket'],
    [`${PATH}?a=b&x=Bearer%20${KEY}`, 'x'],
    [`${PATH}?x=${KEY.slice(0, 40)}`, 'x'],
    [`${PATH}?x=%66tk%5f${KEY.slice(4)}`, 'x'],
    [`${PATH}?x=${twiceEncoded}`, 'x'],
    [`/v1/executions/${KEY.replace('ftk_', '%252566tk%25255F')}`, 'path'],
    [`${PATH}?${KEY}`, 'query'],
    [`${PATH}?${KEY}=1`, 'query'],
    [`/v1/executions/${KEY}/messages`, 'path'],
    [`/v1/executions/${KEY.replace('ftk_', '%66tk%5F')}`, 'path'],
    [`${PATH}?api_key=anything`, 'api_key'],
    [`${PATH}?API_KEY=anything`, 'API_KEY'],
    [`${PATH}?access_token=anything`, 'access_token'],
  ])(
    'is refused even if a header has a valid credential, and the failure names its place in the URL: %s',
    (url, name) => {
      expect(found(url)).toEqual({ type: 'key-in-url', name });
      expect(found(url, { Authorization: `Bearer ${KEY}` })).toEqual({ type: 'key-in-url', name });
    },
  );

  test('is never repeated in the answer', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('token', KEY, `x${KEY}`),
        fc.constantFrom(KEY, `"${KEY}"`, '1'),
        (name, value) => {
          expect(JSON.stringify(found(`${PATH}?${name}=${value}`))).not.toContain(KEY.slice(15));
        },
      ),
    );
  });

  test('is not assumed if a parameter is only similar to one, is empty, or cannot be decoded', () => {
    for (const query of ['key=value', 'token=abc', 'api_key=', 'x=ftk_', 'x=%', 'x=%ff%zz', 'ftk=1']) {
      expect(found(`${PATH}?${query}`, { 'X-API-Key': 'k1' })).toBe('key: k1');
    }
  });
});

test('any URL and header values get an answer without an exception', () => {
  const value = fc.string({ unit: 'binary-ascii' }).map((text) => text.replaceAll(/[^ -~]/g, ''));
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.string().map((text) => `/v1/${text}`),
        fc.string().map((text) => `${PATH}?${text}`),
      ),
      value,
      value,
      (url, authorization, apiKey) => {
        const result = presentedCredential(
          urlOf(URL.canParse(url, 'https://flowtap.example') ? url : PATH),
          new Headers({ Authorization: authorization, 'X-API-Key': apiKey }),
        );
        if (result.ok) expect(result.value.text).not.toBe('');
      },
    ),
    { numRuns: runs(1000) },
  );
});

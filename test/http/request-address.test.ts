import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { generateApiKey } from '../../src/access/keys/api-key.ts';
import { RequestAddresses, queryParameters } from '../../src/http/request-address.ts';
import { runs } from '../support/seeded-random.ts';

const ORIGIN = 'https://flowtap.test';
const PAGE = `${ORIGIN}/v1/executions/a%2Fb/messages?maxResults=5&cursor=abc`;
const piece = fc.constantFrom(
  'a',
  'cursor',
  '=',
  '&',
  '+',
  '%',
  '%41',
  '%FF',
  ';',
  ' ',
  'é',
  '"',
  "'",
  '[]',
  '?',
);

test('the parameters of a URL are those that the URL standard parses from its query', () => {
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 12 }).map((pieces) => new URL(`${ORIGIN}/?${pieces.join('')}`)),
      (url) => {
        expect(queryParameters(url)).toEqual([...url.searchParams]);
      },
    ),
    { numRuns: runs(2000) },
  );
});

describe('the addresses of requests', () => {
  const readTwice = (url: string) => {
    const addresses = new RequestAddresses();
    const first = addresses.of(new Request(url));
    return { first, isRemembered: first === addresses.of(new Request(url)) };
  };

  test('are parsed once for all requests of the same page', () => {
    const { first, isRemembered } = readTwice(PAGE);
    expect(isRemembered).toBe(true);
    expect(first).toEqual({
      href: PAGE,
      origin: ORIGIN,
      pathname: '/v1/executions/a%2Fb/messages',
      search: '?maxResults=5&cursor=abc',
      parameters: [
        ['maxResults', '5'],
        ['cursor', 'abc'],
      ],
    });
  });

  test.each([
    ['a ticket', `${PAGE}&ticket=ftt_abc`],
    ['an encoded ticket', `${PAGE}&%74icket=ftt_abc`],
    ['a parameter that might be a secret', `${PAGE}&access_token=abc`],
    ['an API key in the path', `${ORIGIN}/v1/executions/${generateApiKey(randomBytes).text}`],
    [
      'an encoded API key in the path',
      `${ORIGIN}/v1/executions/%2566tk_${generateApiKey(randomBytes).text.slice(4)}`,
    ],
    ['an API key as a cursor', `${ORIGIN}/v1/executions/a?cursor=${generateApiKey(randomBytes).text}`],
    ['more than 1,000 characters', `${PAGE}${'c'.repeat(1_000)}`],
  ])('are not remembered with %s', (_, url) => {
    const { first, isRemembered } = readTwice(url);
    expect(first?.href).toBe(url);
    expect(isRemembered).toBe(false);
  });

  test('are checked against the Host of each request', () => {
    const addresses = new RequestAddresses();
    const headersWith = (host: string) => ({ get: () => host }) as unknown as Headers;
    expect(addresses.of({ url: PAGE, headers: headersWith('flowtap.test') })?.href).toBe(PAGE);
    expect(addresses.of({ url: PAGE, headers: headersWith('flowtap.test/v1?') })).toBeUndefined();
    expect(addresses.of({ url: 'https://[/', headers: headersWith('[') })).toBeUndefined();
  });
});

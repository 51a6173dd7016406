import fc from 'fast-check';
import { expect, test } from 'vitest';
import { redact } from '../../src/sources/aws/redact.ts';

test('every occurrence of a known secret is removed from a text', () => {
  const secret = fc.stringMatching(/^[\w.-]{12,100}$/);
  fc.assert(
    fc.property(
      secret,
      fc.array(fc.string({ maxLength: 300 }), { minLength: 2, maxLength: 40 }),
      (token, parts) => {
        const clean = redact(parts.join(token), [token]);
        expect(clean).not.toContain(token);
        expect(clean.length).toBeLessThanOrEqual(200);
      },
    ),
  );
});

test.each([
  ['a signature', 'should have been 5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b.'],
  ['a secret key', 'should have been wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY.'],
  ['an access key id', 'should have been AKIAIOSFODNN7EXAMPLE.'],
  ['a session token', `should have been ${'AQoDYXdzEPT//////////wEXAMPLE'.repeat(200)}==.`],
])('%s that the service does not know is recognized by its pattern', (_, text) => {
  expect(redact(text, [])).toMatch(/^should have been \[redacted\]\.?$/);
});

test('an empty secret removes nothing, and the result is one line without control characters', () => {
  expect(redact('Rate\r\n\texceeded\u001b[31m \u0000 now\n', [''])).toBe('Rate exceeded [31m now');
});

test('error names, ids of executions and plain words are kept for the operator', () => {
  const text =
    'No flow execution urn:tdm:us-west-2/123456789012/default:Workflow:Flow_2019-05-11T19:39:55.317Z_69b151ad-a611-42f5-ac21-fe537f9868ad';
  expect(redact(text, ['secret'])).toBe(text);
});

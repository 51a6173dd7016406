/**
 * Recognises secrets that must never be in a log or a store. Keys, tickets, AWS credentials and signatures are
 * recognised by their form. Secret settings of tests are recognised by their text, so this file must list them all;
 * test/architecture.test.ts checks that.
 */

/**
 * Mistyped and partial keys count as secrets; prefixes and ids of keys do not. This file does not import
 * src/access/keys/api-key.ts, so that a mistake there cannot break the search, too.
 */
const FORMS: Readonly<Record<string, RegExp>> = {
  'an API key': /ftk_[0-9A-Za-z]{10}_[0-9A-Za-z]{16,}/,
  'a ticket': /eyJ[\w-]{8,}\.eyJ[\w-]{8,}/,
  'an AWS access key id': /(?<!\w)(?:AKIA|ASIA|AKID)[0-9A-Z]{4,}(?!\w)/,
  'an AWS session token': /(?:IQoJ|FwoG|AQoD)[\w+/=]{20,}/,
  // Does not match `Credential=[redacted]/…`, which src/sources/aws/redact.ts writes.
  'a SigV4 credential': /Credential=\w[^\s/,]*\/\d{8}\//,
  'a SigV4 signature': /Signature=[0-9a-f]{16,}/,
  'an Authorization header': /(?<!\w)[Bb]earer\s+[^\s"'\\<>,]{8,}/,
};

export const ADMIN_TOKEN = 'an admin token, of at least thirty-two characters';
export const SIGNING_SECRET = 'a signing secret of more than thirty-two characters';

/** All secrets that tests set, and the example keys from AWS's documentation. */
export const SECRETS_OF_TESTS: readonly string[] = [
  ADMIN_TOKEN,
  SIGNING_SECRET,
  'the next secret, just as long as the last',
  'the secret of the upstream',
  'the secret of the emulator',
  'the secret of the Deno tests',
  'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  'wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKEY',
  'session.token-that.no-pattern.knows-of',
  'one of ours: short, and #1',
  'my-product-api-key',
  'of the environment',
  'SECRET',
  'FLOWTAPTEST',
];

/**
 * Also matches URL-encoded secrets. Matches only whole words, because `SECRET` is a secret but also a part of the
 * setting name SIGNING_SECRET.
 */
const KNOWN = new RegExp(
  `(?<!\\w)(?:${[...new Set(SECRETS_OF_TESTS.flatMap((secret) => [secret, encodeURIComponent(secret)]))]
    .map((secret) => secret.replaceAll(/[.+?()[\]{}|^$*\\]/g, '\\$&'))
    .join('|')})(?!\\w)`,
);

/** Returns the kinds of secrets that the text contains. */
export function secretsIn(text: string): string[] {
  const kinds = Object.entries(FORMS)
    .filter(([, form]) => form.test(text))
    .map(([kind]) => kind);
  return KNOWN.test(text) ? [...kinds, 'a secret of the settings'] : kinds;
}

/** Returns the text with every secret replaced by its first character and `***`. */
export function masked(text: string): string {
  const everywhere = [...Object.values(FORMS), KNOWN].map((form) => new RegExp(form.source, 'g'));
  return everywhere.reduce((rest, form) => rest.replaceAll(form, ([first]) => `${first ?? ''}***`), text);
}

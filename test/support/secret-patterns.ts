/**
 * Recognises secrets that must never be in a log or a store: our keys and tickets, AWS credentials and
 * signatures by their form, and the secrets that tests give to the service by their text. A secret setting
 * that a test contains as a literal must be listed here; test/architecture.test.ts checks that.
 */

/**
 * Mistyped keys and halves of keys count, too; prefixes and ids of keys don't. Does not import
 * src/access/keys/api-key.ts, so that a mistake there cannot also break this search.
 */
const FORMS: Readonly<Record<string, RegExp>> = {
  'an API key': /ftk_[0-9A-Za-z]{10}_[0-9A-Za-z]{16,}/,
  'a ticket': /eyJ[\w-]{8,}\.eyJ[\w-]{8,}/,
  'an AWS access key id': /(?<!\w)(?:AKIA|ASIA|AKID)[0-9A-Z]{4,}(?!\w)/,
  'an AWS session token': /(?:IQoJ|FwoG|AQoD)[\w+/=]{20,}/,
  // `Credential=[redacted]/…` is what src/sources/aws/redact.ts leaves of one.
  'a SigV4 credential': /Credential=\w[^\s/,]*\/\d{8}\//,
  'a SigV4 signature': /Signature=[0-9a-f]{16,}/,
  'an Authorization header': /(?<!\w)[Bb]earer\s+[^\s"'\\<>,]{8,}/,
};

export const ADMIN_TOKEN = 'an admin token, of at least thirty-two characters';
export const SIGNING_SECRET = 'a signing secret of more than thirty-two characters';

/** Whatever tests set; the AWS keys of examples are Amazon's own. */
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

/** In URLs they stand encoded. Whole words only: SECRET is one, SIGNING_SECRET is the name of another. */
const KNOWN = new RegExp(
  `(?<!\\w)(?:${[...new Set(SECRETS_OF_TESTS.flatMap((secret) => [secret, encodeURIComponent(secret)]))]
    .map((secret) => secret.replaceAll(/[.+?()[\]{}|^$*\\]/g, '\\$&'))
    .join('|')})(?!\\w)`,
);

/** The kinds of secrets that the text holds. */
export function secretsIn(text: string): string[] {
  const kinds = Object.entries(FORMS)
    .filter(([, form]) => form.test(text))
    .map(([kind]) => kind);
  return KNOWN.test(text) ? [...kinds, 'a secret of the settings'] : kinds;
}

/** The text with nothing left of what was found in it. */
export function masked(text: string): string {
  const everywhere = [...Object.values(FORMS), KNOWN].map((form) => new RegExp(form.source, 'g'));
  return everywhere.reduce((rest, form) => rest.replaceAll(form, ([first]) => `${first ?? ''}***`), text);
}

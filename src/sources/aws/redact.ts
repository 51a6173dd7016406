/**
 * Removes secrets from an upstream's text before it is logged. AWS quotes the canonical request in signature
 * errors and the session token in other errors, and an upstream could quote anything. So `redact` removes
 * known secrets, and everything that looks like a key, a token or a signature (invariant 7).
 */

/** Long enough to show what happened. */
const TEXT_CHARACTERS_MAX = 200;
/** The pattern searches at most this many characters, because a hostile upstream might send long messages. */
const TEXT_CHARACTERS_READ_MAX = 4096;

/**
 * Matches access key ids, and runs of 32 or more base64 or hexadecimal characters. Secret keys (40),
 * signatures (64) and tokens are such runs.
 */
const SECRET_LOOK = /\b(?:AKIA|ASIA)[A-Z0-9]{8,}|[A-Za-z0-9+/=]{32,}/g;

/**
 * Returns the text as one line of at most 200 characters, without `secrets` and without anything that looks
 * like a secret.
 */
export function redact(text: string, secrets: readonly string[]): string {
  let clean = text;
  // Remove known secrets before cutting the text, because half a secret would no longer be recognised.
  for (const secret of secrets) {
    if (secret !== '') clean = clean.replaceAll(secret, '[redacted]');
  }
  return (
    clean
      .slice(0, TEXT_CHARACTERS_READ_MAX)
      .replaceAll(SECRET_LOOK, '[redacted]')
      // With control characters, an upstream could forge what a terminal shows.
      // eslint-disable-next-line no-control-regex
      .replaceAll(/[\s\u0000-\u001f\u007f-\u009f]+/g, ' ')
      .trim()
      .slice(0, TEXT_CHARACTERS_MAX)
  );
}

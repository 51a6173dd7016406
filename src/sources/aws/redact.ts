/**
 * Removes secrets from an upstream's text before it is logged. AWS quotes the canonical request in a
 * signature error and the session token in others, and an upstream may quote anything. So known secrets are
 * removed, and whatever looks like a key, a token or a signature (invariant 7).
 */

/** Enough to see what happened. */
const TEXT_CHARACTERS_MAX = 200;
/** The patterns search at most this much, because a hostile upstream may send long messages. */
const TEXT_CHARACTERS_READ_MAX = 4096;

/**
 * Access key ids, and runs of base64 or hexadecimal as long as a secret key (40), a signature (64) or a
 * token.
 */
const SECRET_LOOK = /\b(?:AKIA|ASIA)[A-Z0-9]{8,}|[A-Za-z0-9+/=]{32,}/g;

/** One line, at most 200 characters, without any of `secrets` and without what looks like one. */
export function redact(text: string, secrets: readonly string[]): string {
  let clean = text;
  // Before any cut: half a secret no longer looks like one.
  for (const secret of secrets) {
    if (secret !== '') clean = clean.replaceAll(secret, '[redacted]');
  }
  return (
    clean
      .slice(0, TEXT_CHARACTERS_READ_MAX)
      .replaceAll(SECRET_LOOK, '[redacted]')
      // Control characters would let an upstream forge what a terminal shows.
      // eslint-disable-next-line no-control-regex
      .replaceAll(/[\s\u0000-\u001f\u007f-\u009f]+/g, ' ')
      .trim()
      .slice(0, TEXT_CHARACTERS_MAX)
  );
}

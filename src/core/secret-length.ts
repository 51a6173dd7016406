/** The minimum length of the secrets that an operator chooses: SIGNING_SECRET and ADMIN_TOKEN. */

/**
 * A shorter SIGNING_SECRET could be guessed offline from one cursor or ticket. A shorter ADMIN_TOKEN could be
 * found by trying.
 */
export const SECRET_CHARACTERS_MIN = 32;

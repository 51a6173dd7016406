/** How long a secret that an operator chooses must be: SIGNING_SECRET, ADMIN_TOKEN. */

/** Shorter secrets could be guessed: offline from one signed cursor or ticket, or by asking. */
export const SECRET_CHARACTERS_MIN = 32;

/**
 * The format of API keys: `ftk_<10 id>_<32 secret><6 checksum>`, all base62. Code that recognises keys, or
 * keeps them out of URLs, names and logs, uses the expressions in this file. src/access/keys/api-key.ts
 * creates keys and documents their parts.
 */

export const API_KEY_PREFIX = 'ftk_';
export const CREDENTIAL_ID_CHARACTERS = 10;
export const SECRET_CHARACTERS = 32;
export const CHECKSUM_CHARACTERS = 6;
/** The length of a key's id. The ids of the key's credentials begin with it. */
export const KEY_ID_CHARACTERS = 8;

/** The length of a whole key. */
export const API_KEY_CHARACTERS =
  API_KEY_PREFIX.length + CREDENTIAL_ID_CHARACTERS + 1 + SECRET_CHARACTERS + CHECKSUM_CHARACTERS;

/** Describes the form of a key in messages for people. */
export const API_KEY_FORM = `${API_KEY_PREFIX} and ${API_KEY_CHARACTERS - API_KEY_PREFIX.length} more characters`;

const CREDENTIAL_ID = `[0-9A-Za-z]{${CREDENTIAL_ID_CHARACTERS}}`;

/** Matches a whole key and nothing else. Group 1 is the credential's id. Does not verify the checksum. */
export const WHOLE_API_KEY = new RegExp(
  `^${API_KEY_PREFIX}(${CREDENTIAL_ID})_[0-9A-Za-z]{${SECRET_CHARACTERS + CHECKSUM_CHARACTERS}}$`,
);

/** Matches the beginning of a key, up to the end of its id. Group 1 is the credential's id. */
export const API_KEY_BEGINNING = new RegExp(`${API_KEY_PREFIX}(${CREDENTIAL_ID})_`);

/** Matches the id of a key or of one of its credentials, because an operator might have either at hand. */
export const KEY_OR_CREDENTIAL_ID = new RegExp(`^(?:[0-9A-Za-z]{${KEY_ID_CHARACTERS}}|${CREDENTIAL_ID})$`);

/**
 * True if the text was meant as a key of this service, even if it is mistyped. Text without the prefix
 * belongs to another service.
 */
export const isMeantAsApiKey = (text: string): boolean => text.startsWith(API_KEY_PREFIX);

/** Also matches mistyped and truncated keys, because half of a secret must stay private too. */
const ENOUGH_OF_A_KEY = new RegExp(`${API_KEY_BEGINNING.source}[0-9A-Za-z]{${SECRET_CHARACTERS / 2}}`);

/**
 * True if the text contains an API key, or enough of one that the text must stay out of URLs, names and logs.
 */
export const containsApiKey = (text: string): boolean => ENOUGH_OF_A_KEY.test(text);

/**
 * What an API key looks like: `ftk_<10 id>_<32 secret><6 checksum>`, all base62. Code that recognises keys,
 * or keeps them out of URLs, names and logs, uses these expressions. src/access/keys/api-key.ts makes keys
 * and says what the parts mean.
 */

export const API_KEY_PREFIX = 'ftk_';
export const CREDENTIAL_ID_CHARACTERS = 10;
export const SECRET_CHARACTERS = 32;
export const CHECKSUM_CHARACTERS = 6;
/** The credential's id begins with the id of its key. */
export const KEY_ID_CHARACTERS = 8;

/** Characters of a whole key. */
export const API_KEY_CHARACTERS =
  API_KEY_PREFIX.length + CREDENTIAL_ID_CHARACTERS + 1 + SECRET_CHARACTERS + CHECKSUM_CHARACTERS;

/** How texts for people describe a key. */
export const API_KEY_FORM = `${API_KEY_PREFIX} and ${API_KEY_CHARACTERS - API_KEY_PREFIX.length} more characters`;

const CREDENTIAL_ID = `[0-9A-Za-z]{${CREDENTIAL_ID_CHARACTERS}}`;

/** A whole key and nothing else; the group is its credential's id. The checksum is not checked. */
export const WHOLE_API_KEY = new RegExp(
  `^${API_KEY_PREFIX}(${CREDENTIAL_ID})_[0-9A-Za-z]{${SECRET_CHARACTERS + CHECKSUM_CHARACTERS}}$`,
);

/** The beginning of a key: at least everything up to its id. The group is its credential's id. */
export const API_KEY_BEGINNING = new RegExp(`${API_KEY_PREFIX}(${CREDENTIAL_ID})_`);

/** The id of a key or of one of its credentials: an operator may have either at hand. */
export const KEY_OR_CREDENTIAL_ID = new RegExp(`^(?:[0-9A-Za-z]{${KEY_ID_CHARACTERS}}|${CREDENTIAL_ID})$`);

/**
 * Whether the text is meant to be a key of this service, however mistyped. Others belong to other services.
 */
export const isMeantAsApiKey = (text: string): boolean => text.startsWith(API_KEY_PREFIX);

/** Mistyped and truncated keys count, too: a text with half of a secret must also stay private. */
const ENOUGH_OF_A_KEY = new RegExp(`${API_KEY_BEGINNING.source}[0-9A-Za-z]{${SECRET_CHARACTERS / 2}}`);

/**
 * Whether the text contains an API key, or enough of one that the text must stay out of URLs, names and logs.
 */
export const containsApiKey = (text: string): boolean => ENOUGH_OF_A_KEY.test(text);

/**
 * Generates and parses API keys. Their format is defined in core/api-key-format.ts.
 *
 * - The id names a credential. Its first 8 characters name the key that the credential belongs to. (Rotation
 *   adds credentials to a key.) So the records of the credential and its key can be found from the key's text
 *   alone.
 * - The checksum is the CRC-32 of everything before it, so mistyped keys are refused without reading storage.
 * - The 32 random characters of the secret have 190 bits, too many to guess. So a SHA-256 without salt is
 *   safe to store.
 *
 * The secret leaves this file only in the text that `generateApiKey` returns. That text is shown once.
 */
import {
  API_KEY_CHARACTERS,
  API_KEY_PREFIX,
  CHECKSUM_CHARACTERS,
  CREDENTIAL_ID_CHARACTERS,
  KEY_ID_CHARACTERS,
  KEY_OR_CREDENTIAL_ID,
  SECRET_CHARACTERS,
  WHOLE_API_KEY,
} from '../../core/api-key-format.ts';
import { base62OfNumber, randomBase62, type RandomBytes } from '../../core/base62.ts';
import { sha256 } from '../../core/sha256.ts';
import { crc32 } from './crc32.ts';

/** The ids in the text of a key, without the secret. */
export interface ApiKey {
  /** There are 62^8 ids. With 100,000 keys, the chance that any two share an id is 1 in 40,000. */
  readonly keyId: string;
  readonly credentialId: string;
}

export interface GeneratedApiKey extends ApiKey {
  /** The whole key, secret included. Show it once; never store or log it. */
  readonly text: string;
  /** SHA-256 of the whole text. */
  readonly hash: Uint8Array;
}

/**
 * Generates a new key. Given a credential id from `nextCredentialId`, generates another credential of an
 * existing key instead.
 */
export function generateApiKey(
  random: RandomBytes,
  credentialId: string = randomBase62(random, CREDENTIAL_ID_CHARACTERS),
): GeneratedApiKey {
  const body = `${API_KEY_PREFIX}${credentialId}_${randomBase62(random, SECRET_CHARACTERS)}`;
  const text = body + checksum(body);
  return { text, keyId: keyIdOf(credentialId), credentialId, hash: sha256(text) };
}

const SECOND_CHARACTERS = CREDENTIAL_ID_CHARACTERS - KEY_ID_CHARACTERS;
const SECONDS_DISTINGUISHED = 62 ** SECOND_CHARACTERS;

/**
 * Returns the id for a key's next credential: the key's id, then the current second modulo 62². If `taken`
 * contains that id, the next free second is used.
 *
 * Why not random: two isolates that rotate the same key within a minute do not see each other's credential in
 * `taken`. Random ids would collide once in 3,844 times, and the later credential would overwrite the earlier
 * one. Seconds cannot collide, because the store accepts only one rotation of a key per second.
 */
export function nextCredentialId(keyId: string, taken: readonly string[], nowMs: number): string {
  for (let second = Math.floor(nowMs / 1000); ; second++) {
    const id = keyId + base62OfNumber(second % SECONDS_DISTINGUISHED, SECOND_CHARACTERS);
    if (!taken.includes(id)) return id;
  }
}

/** Parses a key. Returns undefined if its format or checksum is wrong. Takes linear time for any text. */
export function parseApiKey(text: string): ApiKey | undefined {
  if (text.length !== API_KEY_CHARACTERS) return undefined;
  const credentialId = WHOLE_API_KEY.exec(text)?.[1];
  if (credentialId === undefined) return undefined;
  const body = text.slice(0, -CHECKSUM_CHARACTERS);
  if (text.slice(-CHECKSUM_CHARACTERS) !== checksum(body)) return undefined;
  return { keyId: keyIdOf(credentialId), credentialId };
}

/** Returns the id of the key that the credential belongs to. */
export const keyIdOf = (credentialId: string): string => credentialId.slice(0, KEY_ID_CHARACTERS);

/**
 * Converts a key's id, or the id of one of its credentials, to the key's id. Returns undefined for any other
 * text.
 */
export const keyIdFrom = (id: string): string | undefined =>
  KEY_OR_CREDENTIAL_ID.test(id) ? keyIdOf(id) : undefined;

const checksum = (body: string): string => base62OfNumber(crc32(body), CHECKSUM_CHARACTERS);

/**
 * Makes and parses API keys, in the form of core/api-key-format.ts.
 *
 * - The id names the credential. Its first 8 characters name the key that the credential belongs to; rotation
 *   adds credentials to a key. So the text of a key is enough to find the records of key and credential.
 * - The checksum is the CRC-32 of everything before it: mistyped keys are refused without reading storage.
 * - The 32 characters of the secret are 190 bits, too many to guess. So it is safe to store their SHA-256
 *   without salt.
 *
 * The secret leaves this file only in the text that `generateApiKey` returns, to be shown once.
 */
import { hash } from 'node:crypto';

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
import { crc32 } from './crc32.ts';

/** The ids in a key's text, and the hash of the text. Not the secret. */
export interface ApiKey {
  /** 62^8 ids: with 100,000 keys, the chance that any two share an id is 1 in 40,000. */
  readonly keyId: string;
  readonly credentialId: string;
  /** SHA-256 of the whole text. */
  readonly hash: Uint8Array;
}

export interface GeneratedApiKey extends ApiKey {
  /** The whole key, secret included. Show it once; never store or log it. */
  readonly text: string;
}

/** Makes a new key. With an id of `nextCredentialId`, makes another credential of an existing key. */
export function generateApiKey(
  random: RandomBytes,
  credentialId: string = randomBase62(random, CREDENTIAL_ID_CHARACTERS),
): GeneratedApiKey {
  const body = `${API_KEY_PREFIX}${credentialId}_${randomBase62(random, SECRET_CHARACTERS)}`;
  const text = body + checksum(body);
  return { text, keyId: keyIdOf(credentialId), credentialId, hash: hashApiKey(text) };
}

const SECOND_CHARACTERS = CREDENTIAL_ID_CHARACTERS - KEY_ID_CHARACTERS;
const SECONDS_DISTINGUISHED = 62 ** SECOND_CHARACTERS;

/**
 * The id of a key's next credential: the key's id, then the second of `nowMs` modulo 62². If `taken` has this
 * id, takes the next free second. Two places that rotate a key within a minute do not see each other's
 * credential in `taken`. Random ids would then be the same once in 3,844 times, and the later credential
 * would overwrite the earlier one. Seconds differ, because the store accepts only one rotation of a key in a
 * second.
 */
export function nextCredentialId(keyId: string, taken: readonly string[], nowMs: number): string {
  for (let second = Math.floor(nowMs / 1000); ; second++) {
    const id = keyId + base62OfNumber(second % SECONDS_DISTINGUISHED, SECOND_CHARACTERS);
    if (!taken.includes(id)) return id;
  }
}

/**
 * The parts of a well-formed key with a correct checksum; otherwise undefined. Takes linear time for any
 * text.
 */
export function parseApiKey(text: string): ApiKey | undefined {
  if (text.length !== API_KEY_CHARACTERS) return undefined;
  const credentialId = WHOLE_API_KEY.exec(text)?.[1];
  if (credentialId === undefined) return undefined;
  const body = text.slice(0, -CHECKSUM_CHARACTERS);
  if (text.slice(-CHECKSUM_CHARACTERS) !== checksum(body)) return undefined;
  return { keyId: keyIdOf(credentialId), credentialId, hash: hashApiKey(text) };
}

/** The key that a credential belongs to. */
export const keyIdOf = (credentialId: string): string => credentialId.slice(0, KEY_ID_CHARACTERS);

/** The key's id, from that id or from the id of one of its credentials; undefined if the text is neither. */
export const keyIdFrom = (id: string): string | undefined =>
  KEY_OR_CREDENTIAL_ID.test(id) ? keyIdOf(id) : undefined;

const hashApiKey = (text: string): Uint8Array => hash('sha256', text, 'buffer');

const checksum = (body: string): string => base62OfNumber(crc32(body), CHECKSUM_CHARACTERS);

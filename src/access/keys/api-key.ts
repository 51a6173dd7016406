/**
 * The text of an API key: `ftk_<10 id>_<32 secret><6 checksum>`, all base62. The id names the credential, and its first 8
 * characters the key that the credential is for (rotation gives a key another credential), so that all records of both
 * are named by the text alone. The checksum is the CRC-32 of everything that precedes it: junk is refused before any
 * storage is read. 32 characters are 190 bits: nobody guesses one, and SHA-256 without salt is enough to keep it by.
 *
 * The secret leaves this file only in the text that `generateApiKey` returns, to be shown once.
 */
import { createHash } from 'node:crypto';

import { base62OfNumber, randomBase62, type RandomBytes } from '../../core/base62.ts';
import { crc32 } from './crc32.ts';

const PREFIX = 'ftk_';
/** 62^8: a hundred thousand keys collide once in forty thousand times. */
const KEY_ID_CHARACTERS = 8;
const CREDENTIAL_ID_CHARACTERS = 10;
const SECOND_CHARACTERS = CREDENTIAL_ID_CHARACTERS - KEY_ID_CHARACTERS;
const SECONDS_TOLD_APART = 62 ** SECOND_CHARACTERS;
const SECRET_CHARACTERS = 32;
const CHECKSUM_CHARACTERS = 6;

const API_KEY = /^ftk_([0-9A-Za-z]{10})_[0-9A-Za-z]{38}$/;

/** Characters of a whole key. */
export const API_KEY_CHARACTERS =
  PREFIX.length + CREDENTIAL_ID_CHARACTERS + 1 + SECRET_CHARACTERS + CHECKSUM_CHARACTERS;

/** What a key's text says of itself, without its secret. */
export interface ApiKey {
  readonly keyId: string;
  readonly credentialId: string;
  /** SHA-256 of the whole text, hexadecimal. */
  readonly hash: string;
}

export interface GeneratedApiKey extends ApiKey {
  /** The secret itself. To be shown once, never stored, never logged. */
  readonly text: string;
}

/** A new key, or another credential of a key, with an id of `nextCredentialId`. */
export function generateApiKey(
  random: RandomBytes,
  credentialId: string = randomBase62(random, CREDENTIAL_ID_CHARACTERS),
): GeneratedApiKey {
  const body = `${PREFIX}${credentialId}_${randomBase62(random, SECRET_CHARACTERS)}`;
  const text = body + checksum(body);
  return { text, keyId: keyIdOf(credentialId), credentialId, hash: hashApiKey(text) };
}

/**
 * The id of the next credential of a key: the key's id and the second of `nowMs`, counted round 62², or the next that is not in
 * `taken`. Two places that rotate a key within a minute do not see each other's credential in `taken`. Random ids would be the
 * same once in 3,844 times, and the later credential would overwrite the earlier one. Seconds differ: the store accepts one
 * write of a key's rotation a second.
 */
export function nextCredentialId(keyId: string, taken: readonly string[], nowMs: number): string {
  for (let second = Math.floor(nowMs / 1000); ; second++) {
    const id = keyId + base62OfNumber(second % SECONDS_TOLD_APART, SECOND_CHARACTERS);
    if (!taken.includes(id)) return id;
  }
}

/** The parts of a well-formed key whose checksum is right; else undefined. Takes linear time, whatever the text. */
export function parseApiKey(text: string): ApiKey | undefined {
  if (text.length !== API_KEY_CHARACTERS) return undefined;
  const credentialId = API_KEY.exec(text)?.[1];
  if (credentialId === undefined) return undefined;
  const body = text.slice(0, -CHECKSUM_CHARACTERS);
  if (text.slice(-CHECKSUM_CHARACTERS) !== checksum(body)) return undefined;
  return { keyId: keyIdOf(credentialId), credentialId, hash: hashApiKey(text) };
}

/** The key that a credential is for. */
export const keyIdOf = (credentialId: string): string => credentialId.slice(0, KEY_ID_CHARACTERS);

/** Takes the id of a key, or of one of its credentials, as an operator may have either at hand. */
export const keyIdFrom = (id: string): string | undefined =>
  /^(?:[0-9A-Za-z]{8}|[0-9A-Za-z]{10})$/.test(id) ? keyIdOf(id) : undefined;

/** Whether the text is meant as a key of this service, however mistyped; any other is of another service. */
export const isMeantAsApiKey = (text: string): boolean => text.startsWith(PREFIX);

/**
 * Whether the text holds something in the form of a key, mistyped or cut short ones included: enough of a secret to keep
 * out of URLs, names and logs.
 */
export const containsApiKey = (text: string): boolean => /ftk_[0-9A-Za-z]{10}_[0-9A-Za-z]{16}/.test(text);

const hashApiKey = (text: string): string => createHash('sha256').update(text).digest('hex');

const checksum = (body: string): string => base62OfNumber(crc32(body), CHECKSUM_CHARACTERS);

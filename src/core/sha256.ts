/**
 * SHA-256 of a text's UTF-8 bytes. Every request hashes an API key, so each platform uses its cheapest way:
 * Web Crypto costs less than `node:crypto` on workerd, and more on Deno.
 */
import { hash } from 'node:crypto';

export type Sha256 = (text: string) => Uint8Array | Promise<Uint8Array>;

export const sha256 = (text: string): Uint8Array => hash('sha256', text, 'buffer');

const encoder = new TextEncoder();

export const sha256ByWebCrypto = async (text: string): Promise<Uint8Array> =>
  new Uint8Array(await crypto.subtle.digest('SHA-256', encoder.encode(text)));

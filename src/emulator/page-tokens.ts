/**
 * Page tokens are opaque to clients, protected against forgery, and bound to their execution or list. The
 * emulator does not store tokens, so a token can be used any number of times until it expires.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { hex } from './hex.ts';

export interface PageTokens {
  /**
   * Returns a token for the page that begins at `position`, which consists of digits and dashes. Each token
   * is unique, because AWS's paginators refuse a repeated token.
   */
  seal(executionId: string, position: string, nowMs: number): string;
  /**
   * Returns the position in a token. Undefined if the token is forged, belongs to another execution or list,
   * or is older than `lifetimeMs`.
   */
  open(executionId: string, token: string, nowMs: number, lifetimeMs: number | undefined): string | undefined;
}

const CONTENT = /^([\d-]{1,32})\.(\d{1,16})\.[0-9a-f]{16}$/;
const TOKEN = /^[A-Za-z0-9_-]{40,200}$/;

const toBase64Url = (ascii: string): string =>
  btoa(ascii).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');

const fromBase64Url = (text: string): string => atob(text.replaceAll('-', '+').replaceAll('_', '/'));

/** `randomBytes` must return unguessable bytes. The signing key and a part of each token are made of them. */
export function createPageTokens(randomBytes: (length: number) => Uint8Array): PageTokens {
  const key = randomBytes(32);
  const mac = (executionId: string, content: string): string =>
    createHmac('sha256', key).update(`${content}\n${executionId}`).digest('hex').slice(0, 32);

  return {
    seal: (executionId, position, nowMs) => {
      // Round down, because a test's clock may have fractions of milliseconds.
      const content = `${position}.${Math.floor(nowMs)}.${hex(randomBytes(8))}`;
      return toBase64Url(`${content}.${mac(executionId, content)}`);
    },
    open: (executionId, token, nowMs, lifetimeMs) => {
      // A length of 4n + 1 is not valid base64, and atob would throw.
      if (!TOKEN.test(token) || token.length % 4 === 1) return undefined;
      const text = fromBase64Url(token);
      const cut = text.lastIndexOf('.');
      const content = text.slice(0, cut);
      const given = text.slice(cut + 1);
      const match = CONTENT.exec(content);
      if (match === null || !/^[0-9a-f]{32}$/.test(given) || toBase64Url(text) !== token) return undefined;
      const encoder = new TextEncoder();
      if (!timingSafeEqual(encoder.encode(given), encoder.encode(mac(executionId, content))))
        return undefined;
      if (lifetimeMs !== undefined && nowMs - Number(match[2]) >= lifetimeMs) return undefined;
      return match[1];
    },
  };
}

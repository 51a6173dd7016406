/**
 * Page tokens: opaque to clients, sealed so that none can be made up, bound to the execution that they were made for. The
 * emulator keeps nothing: a token is good as often as it is used, until it is older than the lifetime then in force.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

export interface PageTokens {
  /** A token for what follows `position` - 1. No two are alike: AWS's own paginators refuse a token they just had. */
  seal(executionId: string, position: number, nowMs: number): string;
  /** The position; undefined when the token is not ours, is another execution's, or is older than `lifetimeMs`. */
  open(executionId: string, token: string, nowMs: number, lifetimeMs: number | undefined): number | undefined;
}

const CONTENT = /^(\d{1,16})\.(\d{1,16})\.[0-9a-f]{16}$/;
const TOKEN = /^[A-Za-z0-9_-]{40,200}$/;

const hex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

const toBase64Url = (ascii: string): string =>
  btoa(ascii).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');

const fromBase64Url = (text: string): string => atob(text.replaceAll('-', '+').replaceAll('_', '/'));

/** `randomBytes` must be unguessable: it makes the sealing key, and a part of each token. */
export function createPageTokens(randomBytes: (length: number) => Uint8Array): PageTokens {
  const key = randomBytes(32);
  const mac = (executionId: string, content: string): string =>
    createHmac('sha256', key).update(`${content}\n${executionId}`).digest('hex').slice(0, 32);

  return {
    seal: (executionId, position, nowMs) => {
      // Whole milliseconds: a clock of a test may tell parts of one.
      const content = `${position}.${Math.floor(nowMs)}.${hex(randomBytes(8))}`;
      return toBase64Url(`${content}.${mac(executionId, content)}`);
    },
    open: (executionId, token, nowMs, lifetimeMs) => {
      // A length of 4n + 1 is no base64 of anything, and atob throws on it.
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
      return Number(match[1]);
    },
  };
}

/** Creates a client's `Http` from its options. The `flowtap` command also uses it, for the admin API. */
import { type Clock, systemClock } from '../core/clock.ts';
import { type CredentialOptions, createCredential } from './credential.ts';
import { type Fetch, Http } from './http.ts';
import { REQUEST_GIVE_UP_MS } from './retry-policy.ts';

export interface FlowtapClientOptions extends CredentialOptions {
  /** The service's address: `https://flowtap.example.com`. It can have a path. */
  readonly url: string | URL;
  /**
   * How long a single request (a page, a summary) is retried after transient failures. Default: one minute. 0
   * disables retries. Following and waiting have limits of their own.
   */
  readonly giveUpAfterMs?: number;
  /** Default: the platform's `fetch`. */
  readonly fetch?: Fetch;
  /** Default: the platform's clock. */
  readonly clock?: Clock;
  /** Returns a number from 0 to 1, which spreads retries. Default: Math.random. */
  readonly random?: () => number;
}

/** Throws a TypeError if the address is invalid, or if both a key and a ticket are given. */
export function createHttp(options: FlowtapClientOptions): Http {
  const { url, clock = systemClock, random = Math.random, giveUpAfterMs = REQUEST_GIVE_UP_MS } = options;
  if (!URL.canParse(url)) {
    // Hides the part before an @, which might be a password.
    const shown = String(url).replace(/^.*@/s, '…@');
    throw new TypeError(`Cannot create a Flowtap client: '${shown}' is not a URL`);
  }
  const base = new URL(url);
  if (base.username !== '' || base.password !== '') {
    // `fetch` refuses such a URL, but its error would quote the whole URL.
    throw new TypeError('Cannot create a Flowtap client: the URL must have no user name and no password');
  }
  if (!/^https?:$/.test(base.protocol)) {
    throw new TypeError(`Cannot create a Flowtap client: the URL must begin with http:// or https://`);
  }
  base.search = '';
  base.hash = '';
  if (!base.pathname.endsWith('/')) base.pathname += '/';
  return new Http({
    url: base,
    credential: createCredential(options, clock),
    // Looks up `fetch` for each call, because a page might replace it. Its `this` must be `globalThis`.
    fetch: options.fetch ?? ((address, init) => globalThis.fetch(address, init)),
    clock,
    random,
    giveUpAfterMs,
  });
}

/** The options of a client, and the Http that it uses. The admin API of the command uses the same. */
import { type Clock, systemClock } from '../core/clock.ts';
import { type CredentialOptions, createCredential } from './credential.ts';
import { type Fetch, Http } from './http.ts';
import { REQUEST_GIVE_UP_MS } from './retry-policy.ts';

export interface FlowtapClientOptions extends CredentialOptions {
  /** The service's address: `https://flowtap.example.com`. A path is kept. */
  readonly url: string | URL;
  /**
   * How long a single request (a page, a summary) is retried after transient failures. Default: a minute; 0:
   * not at all. Following and waiting have their own.
   */
  readonly giveUpAfterMs?: number;
  /** Default: the platform's. */
  readonly fetch?: Fetch;
  /** Default: the platform's time. */
  readonly clock?: Clock;
  /** 0 to 1, to spread retries. Default: Math.random. */
  readonly random?: () => number;
}

/** Throws a TypeError for an invalid address, and for two credentials. */
export function createHttp(options: FlowtapClientOptions): Http {
  const { url, clock = systemClock, random = Math.random, giveUpAfterMs = REQUEST_GIVE_UP_MS } = options;
  if (!URL.canParse(url)) {
    // Not all of it: the part before an @ may be a password.
    const shown = String(url).replace(/^.*@/s, '…@');
    throw new TypeError(`Cannot create a Flowtap client: '${shown}' is not a URL`);
  }
  const base = new URL(url);
  if (base.username !== '' || base.password !== '') {
    // `fetch` refuses such a URL with an error that repeats all of it.
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
    // Looked up for each call, since it may be replaced. It must not be called with another `this`.
    fetch: options.fetch ?? ((address, init) => globalThis.fetch(address, init)),
    clock,
    random,
    giveUpAfterMs,
  });
}

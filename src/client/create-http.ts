/** What a client is given, and the ground that it stands on; the command line's admin API stands on the same. */
import { type Clock, systemClock } from '../core/clock.ts';
import { type CredentialOptions, createCredential } from './credential.ts';
import { type Fetch, Http } from './http.ts';
import { REQUEST_GIVE_UP_MS } from './retry-policy.ts';

export interface FlowtapClientOptions extends CredentialOptions {
  /** Where the service is: `https://flowtap.example.com`. A path is kept. */
  readonly url: string | URL;
  /**
   * How long a single question (a page, a summary) is asked again while what stands in its way may pass. Default: a minute;
   * 0: not at all. Following and waiting have their own.
   */
  readonly giveUpAfterMs?: number;
  /** Default: the platform's. */
  readonly fetch?: Fetch;
  /** Default: the platform's time. */
  readonly clock?: Clock;
  /** 0 to 1, for spreading retries. Default: Math.random. */
  readonly random?: () => number;
}

/** Throws a TypeError for an address that is none, and for two credentials. */
export function createHttp(options: FlowtapClientOptions): Http {
  const { url, clock = systemClock, random = Math.random, giveUpAfterMs = REQUEST_GIVE_UP_MS } = options;
  if (!URL.canParse(url)) {
    // Not all of it: whatever stands before an @ may be a password.
    const told = String(url).replace(/^.*@/s, '…@');
    throw new TypeError(`Cannot create a Flowtap client: '${told}' is not a URL`);
  }
  const base = new URL(url);
  if (base.username !== '' || base.password !== '') {
    // No `fetch` takes such a URL, and each says so with all of it.
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
    // Called as the platform has it: it may have been replaced since, and it wants no other `this`.
    fetch: options.fetch ?? ((address, init) => globalThis.fetch(address, init)),
    clock,
    random,
    giveUpAfterMs,
  });
}

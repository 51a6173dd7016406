/** A client of /v1/admin/keys. docs/http-api.md describes the members of a key. */
import { parseObject } from '../client/wire/problem.ts';
import type { Http } from '../client/http.ts';
import { readBody } from '../client/wire/wire.ts';

export interface AdminKey {
  readonly id: string;
  readonly name: string;
  readonly owner?: string;
  readonly status: string;
  readonly createdAt: string;
  readonly expiresAt?: string;
  readonly revokedAt?: string;
  readonly lastUsedAt?: string;
  readonly executions: readonly string[];
  readonly payloads: string;
  readonly tickets: boolean;
  readonly tier: string;
  readonly streamLimit: number;
  /** Absent in answers of an older service. */
  readonly totalStreamLimit?: number;
}

/** If the records of a key are damaged, only its id is known. */
export type RevokedKey = Partial<AdminKey> & Pick<AdminKey, 'id'>;

/** A new key. Only this answer contains its secret. */
export interface IssuedKey extends AdminKey {
  readonly key: string;
}

const MEMBERS = { id: 'string', name: 'string', executions: 'array' } as const;
const ISSUED_MEMBERS = { ...MEMBERS, key: 'string' } as const;
const JSON_HEADERS = { 'Content-Type': 'application/json' };

export class AdminKeys {
  readonly #http: Http;
  readonly #signal: AbortSignal;

  constructor(http: Http, signal: AbortSignal) {
    this.#http = http;
    this.#signal = signal;
  }

  create(wish: object): Promise<IssuedKey> {
    return this.#issue('', wish);
  }

  rotate(id: string, wish: object): Promise<IssuedKey> {
    return this.#issue(`/${encodeURIComponent(id)}/rotate`, wish);
  }

  async show(id: string): Promise<AdminKey> {
    const path = `v1/admin/keys/${encodeURIComponent(id)}`;
    return readBody<AdminKey>(await this.#http.text({ path, signal: this.#signal }), MEMBERS);
  }

  async update(id: string, change: object): Promise<AdminKey> {
    const text = await this.#http.text({
      method: 'PATCH',
      path: `v1/admin/keys/${encodeURIComponent(id)}`,
      headers: JSON_HEADERS,
      body: () => JSON.stringify(change),
      signal: this.#signal,
    });
    return readBody<AdminKey>(text, MEMBERS);
  }

  async revoke(id: string): Promise<RevokedKey> {
    const text = await this.#http.text({
      method: 'POST',
      path: `v1/admin/keys/${encodeURIComponent(id)}/revoke`,
      signal: this.#signal,
    });
    return readBody<RevokedKey>(text, { id: 'string' });
  }

  async *list(): AsyncGenerator<AdminKey, void, void> {
    let cursor: string | undefined;
    do {
      const text = await this.#http.text({ path: 'v1/admin/keys', query: { cursor }, signal: this.#signal });
      yield* readBody<{ keys: readonly AdminKey[] }>(text, { keys: 'array' }).keys;
      const next: unknown = parseObject(text)?.['cursor'];
      cursor = typeof next === 'string' ? next : undefined;
    } while (cursor !== undefined);
  }

  async #issue(path: string, wish: object): Promise<IssuedKey> {
    const text = await this.#http.text({
      method: 'POST',
      path: `v1/admin/keys${path}`,
      headers: JSON_HEADERS,
      body: () => JSON.stringify(wish),
      signal: this.#signal,
      // If the answer is lost, the key might already exist, and a retry would create a second one.
      giveUpAfterMs: 0,
    });
    return readBody<IssuedKey>(text, ISSUED_MEMBERS);
  }
}

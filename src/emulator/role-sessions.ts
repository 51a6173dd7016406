/** The sessions that AssumeRole creates. A session is a set of temporary credentials. */
import { hex } from './hex.ts';
import type { Credentials } from './signature.ts';

/** Maximum number of sessions. Beyond it, the oldest are dropped. */
export const SESSIONS_MAX = 1_000;

/** Roles by ARN, with the external id, if the role requires one. */
export type Roles = Readonly<Record<string, { readonly externalId?: string }>>;

export interface RoleSession extends Credentials {
  readonly sessionToken: string;
  readonly expiresAtMs: number;
  /** The account of the role. */
  readonly account: string;
}

const ROLE_ARN = /^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]{1,512}$/;

export class RoleSessions {
  readonly #random: (length: number) => Uint8Array;
  readonly #roles: Roles | undefined;
  readonly #sessions = new Map<string, RoleSession>();

  constructor(random: (length: number) => Uint8Array, roles?: Roles) {
    this.#random = random;
    this.#roles = roles;
  }

  /** True if the caller is allowed to assume this role with this external id. */
  mayAssume(roleArn: string, externalId: string | null): boolean {
    if (this.#roles === undefined) return ROLE_ARN.test(roleArn);
    const role = Object.hasOwn(this.#roles, roleArn) ? this.#roles[roleArn] : undefined;
    return role !== undefined && (role.externalId === undefined || role.externalId === externalId);
  }

  begin(roleArn: string, expiresAtMs: number): RoleSession {
    const session = {
      accessKeyId: `ASIA${hex(this.#random(8)).toUpperCase()}`,
      secretAccessKey: hex(this.#random(20)),
      // As long as AWS's session tokens, and with the same characters.
      sessionToken: btoa(hex(this.#random(256))),
      expiresAtMs,
      account: roleArn.split(':')[4] ?? '',
    };
    this.#sessions.set(session.accessKeyId, session);
    if (this.#sessions.size > SESSIONS_MAX) {
      const [oldest] = this.#sessions.keys();
      if (oldest !== undefined) this.#sessions.delete(oldest);
    }
    return session;
  }

  credentials(accessKeyId: string): RoleSession | undefined {
    return this.#sessions.get(accessKeyId);
  }
}

/** The settings that only a server process needs, in addition to those in config.ts. */
import * as z from 'zod/mini';

import { type Settings, notConfigured, optional, readSettings, trimmed } from '../config.ts';
import { type Result, ok } from '../core/errors.ts';

/** Where the server listens, and where its store is. */
export interface ServerSettings extends Settings {
  readonly hostname: string;
  readonly port: number;
  /** The file of the embedded store; `:memory:` keeps nothing. */
  readonly storePath: string;
  /** The proxies whose X-Forwarded-For is trusted: addresses or blocks, not parsed yet. */
  readonly trustedProxy: string;
}

const PORT_MAX = 65_535;

const serverSettingsSchema = z.object({
  HOST: optional(z.string()),
  PORT: optional(
    z.pipe(
      z.string().check(
        z.refine((text) => /^\d{1,5}$/.test(text) && Number(text) <= PORT_MAX, {
          error: `must be a port number, 0 to ${PORT_MAX}`,
        }),
      ),
      z.transform(Number),
    ),
  ),
  STORE_PATH: optional(z.string()),
  TRUSTED_PROXY: optional(z.string()),
});

/** `readSettings`, and the settings that only a server process needs. */
export function readServerSettings(variables: Record<string, unknown>): Result<ServerSettings> {
  const settings = readSettings(variables);
  if (!settings.ok) return settings;
  const parsed = z.safeParse(serverSettingsSchema, trimmed(variables));
  if (!parsed.success) return notConfigured(parsed.error);
  const { HOST = '127.0.0.1', PORT = 8787, STORE_PATH = 'flowtap.sqlite3', TRUSTED_PROXY = '' } = parsed.data;
  return ok({
    ...settings.value,
    hostname: HOST,
    port: PORT,
    storePath: STORE_PATH,
    trustedProxy: TRUSTED_PROXY,
  });
}

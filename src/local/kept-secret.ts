/**
 * Stores a generated signing secret beside the state. With a new secret at each restart, all cursors and
 * tickets would become invalid, although keys and archive remain. Only the file's owner may read the secret.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SECRET_CHARACTERS_MIN } from '../core/secret-length.ts';
import type { StartOptions } from './start-options.ts';

const OWNER_ONLY = 0o600;

/** The settings, with this directory's signing secret unless the environment sets one. */
export function withKeptSecret(
  { vars, signingSecretMade }: StartOptions,
  directory: string,
): StartOptions['vars'] {
  if (!signingSecretMade) return vars;
  return { ...vars, SIGNING_SECRET: keptSecret(directory, vars['SIGNING_SECRET'] ?? '') };
}

/**
 * Returns the secret of this directory. If there is no file yet, it stores and returns `fresh`. Throws if the
 * file contains no valid secret.
 */
function keptSecret(directory: string, fresh: string): string {
  mkdirSync(directory, { recursive: true });
  const file = join(directory, 'signing-secret');
  try {
    // If two processes race, the second uses the first one's secret.
    writeFileSync(file, `${fresh}\n`, { flag: 'wx', mode: OWNER_ONLY });
    return fresh;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  const kept = readFileSync(file, 'utf8').trim();
  if (kept.length >= SECRET_CHARACTERS_MIN) return kept;
  throw new Error(`Cannot start: ${file} holds no secret of ${SECRET_CHARACTERS_MIN} characters; remove it`);
}

/**
 * The signing secret that a start made up, kept beside the state that it signs for: with another one after each restart
 * every cursor and ticket would be void, though keys and archive are still there. Only its owner may read it.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SECRET_CHARACTERS_MIN } from '../core/secret-length.ts';
import type { StartOptions } from './start-options.ts';

const OWNER_ONLY = 0o600;

/** What was asked for, signing with the secret of this directory unless the environment has set one. */
export function withKeptSecret(
  { vars, signingSecretMade }: StartOptions,
  directory: string,
): StartOptions['vars'] {
  if (!signingSecretMade) return vars;
  return { ...vars, SIGNING_SECRET: keptSecret(directory, vars['SIGNING_SECRET'] ?? '') };
}

/** The secret of this directory; `fresh` becomes it where there is none yet. Throws where a file holds none. */
function keptSecret(directory: string, fresh: string): string {
  mkdirSync(directory, { recursive: true });
  const file = join(directory, 'signing-secret');
  try {
    // Whoever comes second of two that start at once takes the first one's.
    writeFileSync(file, `${fresh}\n`, { flag: 'wx', mode: OWNER_ONLY });
    return fresh;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  const kept = readFileSync(file, 'utf8').trim();
  if (kept.length >= SECRET_CHARACTERS_MIN) return kept;
  throw new Error(`Cannot start: ${file} holds no secret of ${SECRET_CHARACTERS_MIN} characters; remove it`);
}

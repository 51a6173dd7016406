/**
 * Locks a directory of state, so that only one Flowtap uses it. Two processes would each run a Durable Object
 * for the same execution. SQLite would sometimes refuse a write, and the error would not point to a second
 * `npm start`.
 *
 * The lock is SQLite's own, on an empty database. The operating system releases it however the process ends.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** `SQLITE_BUSY`. Source: sqlite.org/rescode.html */
const BUSY = 5;

/**
 * Creates the directory if it is missing, locks it, and returns a function that unlocks it. Throws if another
 * process has the lock.
 */
export function lockState(directory: string): () => void {
  mkdirSync(directory, { recursive: true });
  const database = new DatabaseSync(join(directory, 'in-use.sqlite'));
  try {
    database.exec('BEGIN EXCLUSIVE');
    return () => database.close();
  } catch (error) {
    database.close();
    if (!(error instanceof Error && 'errcode' in error && error.errcode === BUSY)) throw error;
    throw new Error(`Cannot start: another Flowtap uses ${directory}; choose another with STATE_DIR=…`, {
      cause: error,
    });
  }
}

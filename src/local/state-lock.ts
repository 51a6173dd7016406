/**
 * One Flowtap for one directory of state. Two would each run the Durable Object of the same execution, and SQLite would
 * refuse one of them now and then, in words that nobody connects with a second `npm start`.
 *
 * The lock is SQLite's own on an empty database: the system takes it back when the process ends, however that happens.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** `SQLITE_BUSY`. Source: sqlite.org/rescode.html */
const BUSY = 5;

/** Makes the directory when it is not there. Throws when another process holds it; returns how to let go of it. */
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

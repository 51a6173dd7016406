/**
 * Ends a child process when this process ends, for any reason. A process that is killed with SIGKILL runs no
 * handler, and workerd, unlike esbuild, does not notice that its parent died: it would keep its port.
 *
 * A POSIX shell, in a session of its own so that no Ctrl-C reaches it, reads from a pipe that only this
 * process holds. The pipe ends with this process; then the shell kills the child. On Windows, which has no
 * such shell, this does nothing.
 */
import { spawn } from 'node:child_process';

/**
 * Kills `pid` when this process ends. Call the returned function once `pid` has exited, before its number is
 * reused.
 */
export function dieWithParent(pid: number): () => void {
  if (process.platform === 'win32') return () => {};
  const guard = spawn(
    '/bin/sh',
    ['-c', 'read -r _; kill -9 "$1" 2>/dev/null', 'die-with-parent', String(pid)],
    {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
      // An empty environment, because a shell that only waits needs no credentials.
      env: {},
    },
  );
  // The guard must not keep this process alive, nor the handle of its own pipe.
  guard.unref();
  guard.stdin.on('error', () => {});
  if ('unref' in guard.stdin && typeof guard.stdin.unref === 'function') guard.stdin.unref();
  return () => {
    guard.kill('SIGKILL');
  };
}

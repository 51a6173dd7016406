/**
 * Ends a child process when this process ends, for any reason. A handler would not be enough, because a
 * process that is killed with SIGKILL runs none. workerd, unlike esbuild, does not notice that its parent
 * died, and would keep its port in use.
 *
 * A POSIX shell reads from a pipe that only this process holds. When this process ends, the pipe ends, and
 * the shell kills the child. The shell has a session of its own, so that no Ctrl-C reaches it. On Windows,
 * which has no such shell, this does nothing.
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
      // Empty, because a shell that only waits needs no credentials.
      env: {},
    },
  );
  // Neither the guard nor the handle of its pipe may keep this process alive.
  guard.unref();
  guard.stdin.on('error', () => {});
  if ('unref' in guard.stdin && typeof guard.stdin.unref === 'function') guard.stdin.unref();
  return () => {
    guard.kill('SIGKILL');
  };
}

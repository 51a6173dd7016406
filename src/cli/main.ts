/** The entry of the `flowtap` command on Node: the process to ports. Bundled to dist/cli.js by build.ts. */
import { systemClock } from '../core/clock.ts';
import { Interrupted } from './command.ts';
import { EXIT } from './exit-code.ts';
import { Output } from './output.ts';
import { run } from './run.ts';

const interrupted = new AbortController();
// Once: a second Ctrl-C ends whatever does not listen.
process.once('SIGINT', () => interrupted.abort(new Interrupted(EXIT.interrupted)));
process.once('SIGTERM', () => interrupted.abort(new Interrupted(EXIT.terminated)));

const terminal = {
  env: process.env,
  stdin: process.stdin,
  stdout: new Output(process.stdout, process.env),
  stderr: new Output(process.stderr, process.env),
  signal: interrupted.signal,
  clock: systemClock,
};

const code = await run(process.argv.slice(2), terminal, process.env.FLOWTAP_VERSION ?? 'from source');
await Promise.all([terminal.stdout.flush(), terminal.stderr.flush()]);
// Connections that are kept alive, and a stdin that nobody closes, are no reason to stay.
process.exit(code);

/**
 * The entry of the `flowtap` command on Node. Connects the process's streams, environment and signals to the
 * command. build.ts bundles it to dist/cli.js.
 */
import { systemClock } from '../core/clock.ts';
import { Interrupted } from './command.ts';
import { EXIT } from './exit-code.ts';
import { Output } from './output.ts';
import { run } from './run.ts';

const interrupted = new AbortController();
// Handled only once, so that a second Ctrl-C ends the process immediately.
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
// Kept-alive connections and an open stdin would keep the process running.
process.exit(code);

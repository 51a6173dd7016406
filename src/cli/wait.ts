/** `flowtap wait <id>`: waits for an execution to end. The exit code tells how it ended. */
import type { Clock } from '../core/clock.ts';
import type { Summary } from '../client/client.ts';
import { duration, executionId, readArguments } from './arguments.ts';
import { type Command, LocalError } from './command.ts';
import { connect } from './connect.ts';
import { exitCodeOf } from './exit-code.ts';
import { jsonLine } from './plain-text.ts';
import { summaryLines } from './summary-lines.ts';

const HELP = `Wait until an execution has ended. The exit code shows how it ended.

Usage: flowtap wait <id> [options]

Prints nothing while it waits, then the status, and what made the execution fail. Lost connections and restarts of
the service are retried for 10 minutes.

      --timeout <duration> stop waiting after this time (90s, 10m, 24h); default: never
      --json               print the summary as JSON
      --url <address>      instead of FLOWTAP_URL

Exit codes: 0 the execution succeeded, 1 failed, 2 was aborted; 3 the timeout has passed, or the service refused or
could not be reached; 130 after Ctrl-C.

Examples:
  flowtap wait "$ID" && ./deploy
  flowtap wait "$ID" --timeout 10m --json | jq -r .failure.step
`;

/** Sleeps for any length of time. One timer covers at most 24 days, so a longer sleep takes several. */
async function sleepFor(ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
  const untilMs = clock.now() + ms;
  while (!signal.aborted && clock.now() < untilMs) await clock.sleep(untilMs - clock.now(), signal);
}

export const wait: Command = {
  summary: 'wait until an execution has ended',
  help: HELP,
  async run(words, terminal) {
    const { values, positionals } = readArguments(
      words,
      { timeout: { type: 'string' }, json: { type: 'boolean' } },
      ['id'],
    );
    const timeout = duration('--timeout', values.timeout);
    const id = executionId(positionals[0]);
    const client = connect(terminal, values.url);
    const { stdout, clock } = terminal;
    const waiting = new AbortController();
    const interrupt = (): void => waiting.abort(terminal.signal.reason);
    if (terminal.signal.aborted) interrupt();
    else terminal.signal.addEventListener('abort', interrupt, { once: true });
    if (timeout !== undefined) {
      const passed = new LocalError(`The execution is still running after ${values.timeout}.`);
      void sleepFor(timeout * 1000, clock, waiting.signal).then(() => waiting.abort(passed));
    }
    let summary: Summary;
    try {
      summary = await client.wait(id, { signal: waiting.signal });
    } finally {
      waiting.abort();
      terminal.signal.removeEventListener('abort', interrupt);
    }
    const lines = values.json === true ? [jsonLine(summary)] : summaryLines(summary, stdout);
    for (const line of lines) await stdout.line(line);
    return exitCodeOf(summary.status);
  },
};

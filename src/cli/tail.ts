/** `flowtap tail <id>`: follows an execution until it ends. The exit code tells how it ended. */
import type { FlowtapClient, FollowOptions, Status } from '../client/client.ts';
import { FOLLOW_GIVE_UP_MS, RetryPolicy } from '../client/retry-policy.ts';
import { FlowtapProblem } from '../client/wire/problem.ts';
import { duration, eventTypesOf, executionId, oneOf, readArguments, wholeNumber } from './arguments.ts';
import { type Command, Interrupted, type Terminal, UsageError } from './command.ts';
import { connect } from './connect.ts';
import { exitCodeOf } from './exit-code.ts';
import { oneLine, shellWord } from './plain-text.ts';
import { humanDuration } from '../core/human-duration.ts';
import { summaryLines } from './summary-lines.ts';
import { JsonView, LinesView, StepsView, type TailView } from './tail-view.ts';

const SHOWN_DEFAULT = 20;

const HELP = `Follow an execution until it ends.

Usage: flowtap tail <id> [options]

Prints the newest ${SHOWN_DEFAULT} messages, then each new one. No message is lost or repeated, even if the connection
breaks or the service restarts.

  -n, --last <count>       begin with this many of the newest messages (1 to 250; default ${SHOWN_DEFAULT})
      --from start|now     begin with the first message, or with the next one
      --cursor <cursor>    continue where an earlier tail stopped
      --event-types <list> only these, separated by commas: STEP_FAILED,ACTIVITY_FAILED
      --steps              show the steps instead of messages, from the start; a terminal redraws them as they
                           change, a pipe or file gets them once, at the end
      --json               one message a line, as JSON, and nothing else on stdout
      --until ended|settled
                           stop when the execution ends (default), or about 10 s later, when nothing can follow
      --give-up-after <duration>
                           how long to retry while the service cannot be reached, or AWS fails behind it
                           (90s, 10m, 24h; default 10m; 0: not at all)
      --url <address>      instead of FLOWTAP_URL

Exit codes: 0 the execution succeeded, 1 failed, 2 was aborted; 3 gave up, 130 after Ctrl-C.

Examples:
  flowtap tail "$ID"
  flowtap tail "$ID" --steps
  flowtap tail "$ID" --from start --event-types STEP_STARTED,STEP_FAILED
  flowtap tail "$ID" --from start --json | jq -r 'select(.eventType == "STEP_FAILED").payload'
  flowtap tail "$ID" > /dev/null && echo succeeded
`;

export const tail: Command = {
  summary: 'follow an execution until it ends',
  help: HELP,
  async run(words, terminal) {
    const { values, positionals } = readArguments(
      words,
      {
        last: { type: 'string', short: 'n' },
        from: { type: 'string' },
        cursor: { type: 'string' },
        'event-types': { type: 'string' },
        steps: { type: 'boolean' },
        json: { type: 'boolean' },
        until: { type: 'string' },
        'give-up-after': { type: 'string' },
      },
      ['id'],
    );
    const last = wholeNumber('-n', values.last, 1, 250);
    const from = oneOf('--from', values.from, ['start', 'now']);
    if ([last, from, values.cursor].filter((given) => given !== undefined).length > 1) {
      throw new UsageError('-n, --from and --cursor each say where to begin: give one of them');
    }
    const steps = values.steps === true;
    if (
      steps &&
      [last, values.cursor, values['event-types'], values.json].some((given) => given !== undefined)
    ) {
      throw new UsageError(
        '--steps needs all messages: give it without -n, --cursor, --event-types and --json',
      );
    }
    const giveUpAfter = duration('--give-up-after', values['give-up-after']);
    const until = oneOf('--until', values.until, ['ended', 'settled']);
    const id = executionId(positionals[0]);
    const wish: FollowOptions = {
      ...(from ? { from } : steps && { from: 'start' as const }),
      ...(values.cursor !== undefined && { cursor: values.cursor }),
      ...eventTypesOf(values['event-types']),
      ...(until && { until }),
      ...(giveUpAfter !== undefined && { giveUpAfterMs: giveUpAfter * 1000 }),
      signal: terminal.signal,
    };
    const asks = wish.from === undefined && wish.cursor === undefined;
    const client = connect(terminal, values.url, 0);
    const view = steps
      ? new StepsView(terminal, terminal.clock)
      : values.json === true
        ? new JsonView(terminal)
        : new LinesView(terminal);
    return new Tailing(client, id, terminal, view).run(wish, asks ? (last ?? SHOWN_DEFAULT) : undefined);
  },
};

class Tailing {
  readonly #client: FlowtapClient;
  readonly #id: string;
  readonly #terminal: Terminal;
  readonly #view: TailView;
  #cursor: string | undefined;

  constructor(client: FlowtapClient, id: string, terminal: Terminal, view: TailView) {
    this.#client = client;
    this.#id = id;
    this.#terminal = terminal;
    this.#view = view;
  }

  /** `last` is how many of the newest messages to print first. */
  async run(wish: FollowOptions, last: number | undefined): Promise<number> {
    try {
      const status = await this.#show(wish, last);
      await this.#conclude(status);
      return exitCodeOf(status);
    } catch (error) {
      const reason: unknown = this.#terminal.signal.reason;
      if (!(reason instanceof Interrupted) || this.#cursor === undefined || !this.#view.isResumable)
        throw error;
      const again = `flowtap tail ${shellWord(this.#id)} --cursor ${this.#cursor}`;
      throw new Interrupted(reason.exitCode, `To continue from here: ${again}`);
    }
  }

  async #show(wish: FollowOptions, last: number | undefined): Promise<Status> {
    try {
      const shown = last === undefined ? undefined : await this.#newest(last, wish);
      return await this.#follow(shown === undefined ? wish : { ...wish, cursor: shown });
    } finally {
      await this.#view.close();
    }
  }

  /**
   * Prints the newest messages, and returns the cursor to continue from. Returns undefined if the execution
   * is not found: following it waits for its start.
   */
  async #newest(last: number, wish: FollowOptions): Promise<string | undefined> {
    const { eventTypes, signal, giveUpAfterMs = FOLLOW_GIVE_UP_MS } = wish;
    const { clock } = this.#terminal;
    const retryPolicy = new RetryPolicy({ now: () => clock.now(), random: Math.random, giveUpAfterMs });
    for (;;) {
      signal?.throwIfAborted();
      try {
        const page = await this.#client.page(this.#id, {
          last,
          ...(eventTypes && { eventTypes }),
          ...(signal && { signal }),
        });
        if (page.messages.length === last)
          await this.#view.note(`The newest ${last}; --from start shows all.`);
        for (const message of page.messages) await this.#view.message(message);
        this.#cursor = page.cursor;
        return page.cursor;
      } catch (error) {
        if (error instanceof FlowtapProblem && error.status === 404) return undefined;
        const afterMs = retryPolicy.afterFailure(error);
        await this.#tellOfRetry(error, afterMs);
        await clock.sleep(afterMs, signal);
      }
    }
  }

  async #follow(wish: FollowOptions): Promise<Status> {
    for await (const event of this.#client.followEvents(this.#id, wish)) {
      switch (event.type) {
        case 'message':
          await this.#view.message(event.message);
          break;
        case 'reset':
          await this.#view.reset();
          await this.#view.note(
            'The history was replaced, or the service no longer knows this cursor. All messages follow again.',
          );
          break;
        case 'reconnecting':
          if (event.error) await this.#tellOfRetry(event.error, event.afterMs);
          break;
        case 'end':
          return event.status;
        case 'heartbeat':
        case 'caught-up':
      }
      if ('cursor' in event) this.#cursor = event.cursor;
    }
    return 'RUNNING';
  }

  /**
   * Prints the summary, which explains the exit code. Prints only the status if the summary cannot be read.
   */
  async #conclude(status: Status): Promise<void> {
    const { stderr, signal } = this.#terminal;
    try {
      const summary = await this.#client.summary(this.#id, { signal });
      for (const line of summaryLines(summary, stderr)) await stderr.line(line);
    } catch (error) {
      if (signal.aborted) throw error;
      // The end was seen, so the exit code is known without the summary.
      await stderr.line(status);
    }
  }

  async #tellOfRetry(error: unknown, afterMs: number): Promise<void> {
    const why = oneLine(error instanceof Error ? error.message : String(error)).replace(/\.?$/, '.');
    await this.#view.note(`${why} Retrying in ${humanDuration(afterMs)}.`);
  }
}

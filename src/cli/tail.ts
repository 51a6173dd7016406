/** `flowtap tail <id>`: follows an execution until it ends; the exit code says how. */
import type { FlowtapClient, FollowOptions, Status } from '../client/client.ts';
import { FOLLOW_GIVE_UP_MS, RetryPolicy } from '../client/retry-policy.ts';
import { FlowtapProblem } from '../client/problem.ts';
import { duration, eventTypesOf, executionId, oneOf, readArguments, wholeNumber } from './arguments.ts';
import { type Command, Interrupted, type Terminal, UsageError } from './command.ts';
import { connect } from './connect.ts';
import { exitCodeOf } from './exit-code.ts';
import { MessageLines } from './message-line.ts';
import { jsonLine, oneLine, shellWord } from './plain-text.ts';
import { humanDuration, summaryLines } from './summary-lines.ts';

const SHOWN_DEFAULT = 20;

const HELP = `Follow an execution until it ends.

Usage: flowtap tail <id> [options]

Prints the newest ${SHOWN_DEFAULT} messages and then every further one as it comes, each once, through lost
connections and restarts of the service.

  -n, --last <count>       begin with so many of the newest messages (1 to 250; default ${SHOWN_DEFAULT})
      --from start|now     begin with the first message; or only with what is still to come
      --cursor <cursor>    go on where an earlier tail stopped
      --event-types <list> only these, separated by commas: STEP_FAILED,ACTIVITY_FAILED
      --json               one message a line, as JSON, and nothing else on stdout
      --until ended|settled
                           stop when it ends (default), or some 10 s later when nothing can follow
      --give-up-after <duration>
                           how long to try when the service can't be reached (default 10m)
      --url <address>      instead of FLOWTAP_URL

Ends with 0 when the execution succeeded, 1 failed, 2 was aborted; 3 when it gave up, 130 after Ctrl-C.

Examples:
  flowtap tail "$ID"
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
    const giveUpAfter = duration('--give-up-after', values['give-up-after']);
    const until = oneOf('--until', values.until, ['ended', 'settled']);
    const id = executionId(positionals[0]);
    const wish: FollowOptions = {
      ...(from && { from }),
      ...(values.cursor !== undefined && { cursor: values.cursor }),
      ...eventTypesOf(values['event-types']),
      ...(until && { until }),
      ...(giveUpAfter !== undefined && { giveUpAfterMs: giveUpAfter * 1000 }),
      signal: terminal.signal,
    };
    const asks = wish.from === undefined && wish.cursor === undefined;
    const tailing = new Tailing(connect(terminal, values.url, 0), id, terminal, values.json === true);
    return tailing.run(wish, asks ? (last ?? SHOWN_DEFAULT) : undefined);
  },
};

class Tailing {
  readonly #client: FlowtapClient;
  readonly #id: string;
  readonly #terminal: Terminal;
  readonly #json: boolean;
  readonly #lines: MessageLines;
  #cursor: string | undefined;

  constructor(client: FlowtapClient, id: string, terminal: Terminal, json: boolean) {
    this.#client = client;
    this.#id = id;
    this.#terminal = terminal;
    this.#json = json;
    this.#lines = new MessageLines(terminal.stdout);
  }

  /** `last`: so many of the newest messages first. */
  async run(wish: FollowOptions, last: number | undefined): Promise<number> {
    try {
      const shown = last === undefined ? undefined : await this.#newest(last, wish);
      const status = await this.#follow(shown === undefined ? wish : { ...wish, cursor: shown });
      await this.#conclude(status);
      return exitCodeOf(status);
    } catch (error) {
      const reason: unknown = this.#terminal.signal.reason;
      if (!(reason instanceof Interrupted) || this.#cursor === undefined) throw error;
      const again = `flowtap tail ${shellWord(this.#id)} --cursor ${this.#cursor}`;
      throw new Interrupted(reason.exitCode, `To go on from here: ${again}`);
    }
  }

  /** Prints them; returns where to go on, or undefined for an execution that isn't known yet: following waits for it. */
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
        if (page.messages.length === last) await this.#note(`The newest ${last}; --from start shows all.`);
        for (const message of page.messages) await this.#print(message);
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
          await this.#print(event.message);
          break;
        case 'reset':
          await this.#note(
            'The history was replaced, or the service does not know this cursor any more: all of it follows again.',
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

  async #print(message: object): Promise<void> {
    if (this.#json) await this.#terminal.stdout.line(jsonLine(message));
    else await this.#lines.print(message);
  }

  /** What the exit code says, in words, for whoever looks. */
  async #conclude(status: Status): Promise<void> {
    const { stderr, signal } = this.#terminal;
    try {
      const summary = await this.#client.summary(this.#id, { signal });
      for (const line of summaryLines(summary, stderr)) await stderr.line(line);
    } catch (error) {
      if (signal.aborted) throw error;
      // The end was seen; that the summary can't be read changes nothing about it.
      await stderr.line(status);
    }
  }

  async #tellOfRetry(error: unknown, afterMs: number): Promise<void> {
    const why = oneLine(error instanceof Error ? error.message : String(error)).replace(/\.?$/, '.');
    await this.#note(`${why} Trying again in ${humanDuration(afterMs)}.`);
  }

  async #note(text: string): Promise<void> {
    const { stderr } = this.#terminal;
    await stderr.line(stderr.style(text, 'dim'));
  }
}

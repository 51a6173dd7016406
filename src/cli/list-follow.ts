/**
 * `flowtap list --follow`: redraws a table on a terminal. In a pipe or file, prints a line for each change.
 */
import type { FlowtapClient, FollowExecutionsOptions, ListedExecution } from '../client/client.ts';
import { humanDuration } from '../core/human-duration.ts';
import type { Terminal } from './command.ts';
import { executionFields, executionTable } from './execution-table.ts';
import { crop, jsonLine, oneLine } from './plain-text.ts';
import { RedrawnLines } from './redrawn-lines.ts';

/** The lines of a table that are not rows: the head, how ids begin, and a note. */
const TABLE_LINES = 3;
/** How many executions are remembered, to recognise changes. The oldest are forgotten first. */
const REMEMBERED_MAX = 10_000;

interface ListView {
  show(execution: ListedExecution): Promise<void>;
  note(text: string | undefined): Promise<void>;
  close(): Promise<void>;
}

/** The note for lists that are partial. */
export const INCOMPLETE =
  'The list is incomplete: AWS or the archive could not be read just now, or older archives are still being indexed.';

/**
 * Shows the list until the signal aborts. Throws the signal's reason, or the error that made following give
 * up.
 */
export async function followList(
  client: FlowtapClient,
  terminal: Terminal,
  options: FollowExecutionsOptions,
  json: boolean,
): Promise<void> {
  const isTable = !json && terminal.stdout.canRedraw;
  const view = isTable
    ? new TableView(terminal, options.maxResults ?? Infinity)
    : new LinesView(terminal, json);
  try {
    for await (const event of client.followExecutions({ ...options, signal: terminal.signal })) {
      if (event.type === 'execution') await view.show(event.execution);
      if (event.type === 'caught-up') await view.note(event.partial ? INCOMPLETE : undefined);
      if (event.type === 'reconnecting' && event.error) {
        const why = oneLine(event.error.message).replace(/\.?$/, '.');
        await view.note(`${why} Retrying in ${humanDuration(event.afterMs)}.`);
      }
    }
  } finally {
    await view.close();
  }
}

/** Prints a line for each execution, and again whenever the execution changes. */
class LinesView implements ListView {
  readonly #terminal: Terminal;
  readonly #json: boolean;
  /**
   * The last line printed for each execution. It is needed because a reconnect sends the whole list again.
   */
  readonly #printed = new Map<string, string>();

  constructor(terminal: Terminal, json: boolean) {
    this.#terminal = terminal;
    this.#json = json;
  }

  async show(execution: ListedExecution): Promise<void> {
    const id = execution.flowExecutionId;
    const line = this.#json ? jsonLine(execution) : executionFields(execution);
    if (this.#printed.get(id) === line) return;
    this.#printed.delete(id);
    this.#printed.set(id, line);
    const [oldest] = this.#printed.keys();
    if (this.#printed.size > REMEMBERED_MAX && oldest !== undefined) this.#printed.delete(oldest);
    await this.#terminal.stdout.line(line);
  }

  async note(text: string | undefined): Promise<void> {
    const { stderr } = this.#terminal;
    if (text !== undefined) await stderr.line(stderr.style(text, 'dim'));
  }

  async close(): Promise<void> {}
}

/** Shows the newest executions: as many as were asked for, if they fit on the terminal. */
class TableView implements ListView {
  readonly #terminal: Terminal;
  readonly #rowsMax: number;
  readonly #redrawn: RedrawnLines;
  #executions: readonly ListedExecution[] = [];
  #note: string | undefined = 'Reading …';

  constructor(terminal: Terminal, rowsMax: number) {
    this.#terminal = terminal;
    this.#rowsMax = rowsMax;
    const { stdout, clock } = terminal;
    this.#redrawn = new RedrawnLines(stdout, clock, (linesMax) => this.#lines(linesMax));
  }

  async show(execution: ListedExecution): Promise<void> {
    const others = this.#executions.filter(
      ({ flowExecutionId }) => flowExecutionId !== execution.flowExecutionId,
    );
    this.#executions = [...others, execution].toSorted(newestFirst).slice(0, this.#rowsMax);
    this.#redrawn.change();
  }

  async note(text: string | undefined): Promise<void> {
    this.#note = text;
    this.#redrawn.change();
  }

  async close(): Promise<void> {
    this.#note = undefined;
    await this.#redrawn.close();
  }

  #lines(linesMax = Infinity): string[] {
    const { stdout, clock } = this.#terminal;
    const rows = this.#executions.slice(0, Math.max(1, linesMax - TABLE_LINES));
    const hidden = this.#executions.length - rows.length;
    const note = this.#note ?? (hidden > 0 ? `and ${hidden} more, which do not fit` : undefined);
    const empty = note === undefined ? ['No execution matches yet.'] : [];
    return [
      ...(rows.length > 0 ? executionTable(rows, stdout, clock.now()) : empty),
      ...(note === undefined ? [] : [stdout.style(crop(note, stdout.columns), 'dim')]),
    ];
  }
}

/** Executions without a start time come last. */
function newestFirst(a: ListedExecution, b: ListedExecution): number {
  const [aMs = -Infinity, bMs = -Infinity] = [a, b].map(({ startedAt }) =>
    startedAt === undefined ? -Infinity : Date.parse(startedAt),
  );
  if (aMs !== bMs) return bMs - aMs;
  return a.flowExecutionId < b.flowExecutionId ? -1 : 1;
}

/**
 * Formats a message as one line. On a terminal: local time, event type, step, and as much of the payload as
 * fits, with failures in red. If the terminal is too narrow, step and payload get lines of their own. A
 * payload is cropped before the name of its step is. In a pipe or file nothing is cropped and times are
 * complete, because such lines are stored and searched.
 */
import { withoutEventMembers } from '../messages/event-payload.ts';
import { isFailure } from '../messages/event-types.ts';
import type { FlowMessage } from '../client/client.ts';
import { dayOf, timeOf, timeZone } from '../core/local-time.ts';
import type { Output, Style } from './output.ts';
import { column, crop, oneLine, widthOf } from './plain-text.ts';

const TIME_COLUMNS = 12;
/** ISO 8601, as in the API. */
const WHOLE_TIME_COLUMNS = 24;
/** The longest type: SCHEDULE_NEXT_READY_STEPS_TASK. */
const TYPE_COLUMNS = 30;
const STEP_COLUMNS = 26;
/** On a narrower terminal, steps have no column of their own. */
const COLUMNS_FOR_STEPS = 110;
/** A payload that would have less room than this gets a line of its own. */
const PAYLOAD_COLUMNS_MIN = 12;
/** If the type leaves less room than this, step and payload get lines of their own. */
const ROOM_COLUMNS_MIN = 32;
/** The minimum width of a line. A narrower terminal wraps the line. */
const LINE_COLUMNS_MIN = 24;
const GAP = '  ';

/**
 * Matches the step at the beginning of a step's payload: `{stepId: Step2CaptureImage, input: …}`. Such
 * payloads look like JSON but are not.
 */
const STEP = /^\{\s*"?stepId"?\s*[:=]\s*"?([^",}\s]{1,256})"?\s*,?\s*/;

export class MessageLines {
  readonly #output: Output;
  #day = '';

  constructor(output: Output) {
    this.#output = output;
  }

  async print(message: FlowMessage): Promise<void> {
    const output = this.#output;
    if (!output.isTerminal) {
      await output.line(plainLine(message));
      return;
    }
    const at = new Date(message.timestamp ?? NaN);
    const day = dayOf(at);
    if (day !== '' && day !== this.#day) {
      this.#day = day;
      await output.line(output.style(`${day}, times in ${timeZone()}`, 'dim'));
    }
    const time = output.style(column(timeOf(at), TIME_COLUMNS), 'dim');
    const type = oneLine(message.eventType ?? '');
    const styles = stylesOf(type);
    const typeRoom = output.columns - TIME_COLUMNS - GAP.length;
    const room = typeRoom - TYPE_COLUMNS - GAP.length;
    const parts = partsOf(message);
    if (room >= ROOM_COLUMNS_MIN && widthOf(parts.step) <= room) {
      const head = [time, output.style(column(type, TYPE_COLUMNS), ...styles)];
      const [first = '', ...more] = this.#detail(parts, room, styles);
      await output.line([...head, first].join(GAP).trimEnd());
      for (const line of more) await output.line(GAP + line);
      return;
    }
    const shownType = crop(type, Math.max(typeRoom, LINE_COLUMNS_MIN));
    await output.line([time, output.style(shownType, ...styles)].join(GAP).trimEnd());
    for (const line of this.#detail(parts, this.#lineRoom, styles)) await output.line(GAP + line);
  }

  /** The columns that are available on an indented line. */
  get #lineRoom(): number {
    return Math.max(this.#output.columns - GAP.length, LINE_COLUMNS_MIN);
  }

  /** Formats step and payload in `room` columns: together on one line, or each on its own. */
  #detail({ step, rest }: Parts, room: number, styles: readonly Style[]): string[] {
    const output = this.#output;
    const isColumn = output.columns >= COLUMNS_FOR_STEPS && widthOf(step) <= STEP_COLUMNS;
    const shownStep = isColumn ? column(step, STEP_COLUMNS) : crop(step, room);
    const left = room - (shownStep === '' ? 0 : widthOf(shownStep) + GAP.length);
    const fits = left >= Math.min(widthOf(rest), PAYLOAD_COLUMNS_MIN);
    const restStyles = styles.includes('red') ? (['red'] as const) : [];
    const shownRest = output.style(crop(rest, fits ? left : this.#lineRoom), ...restStyles);
    const cells = [output.style(shownStep, 'cyan'), shownRest].filter((cell) => cell !== '');
    return fits ? [cells.join(GAP)] : cells;
  }
}

interface Parts {
  readonly step: string;
  readonly rest: string;
}

function plainLine(message: FlowMessage): string {
  const { timestamp = '', eventType = '' } = message;
  const { step, rest } = partsOf(message);
  return [
    oneLine(timestamp).padEnd(WHOLE_TIME_COLUMNS),
    oneLine(eventType).padEnd(TYPE_COLUMNS),
    step.padEnd(STEP_COLUMNS),
    rest,
  ]
    .join(GAP)
    .trimEnd();
}

/**
 * Returns the step, and the rest of the line: the source's own event type, then the payload or, if there is
 * no payload, the error's name.
 */
function partsOf(message: FlowMessage): Parts {
  const { upstreamType, iteration, error = '', payload = '' } = message;
  const inPayload = STEP.exec(payload);
  const name = message.step ?? inPayload?.[1] ?? '';
  const step = name === '' || iteration === undefined ? name : `${name} #${iteration}`;
  const text = inPayload ? restOf(payload.slice(inPayload[0].length)) : payload;
  const shown = upstreamType === undefined ? text : eventText(upstreamType, text);
  return {
    step: oneLine(step),
    rest: oneLine(shown === '' || shown === upstreamType ? `${shown} ${error}` : shown),
  };
}

const restOf = (rest: string): string => (rest === '}' ? '' : `{${rest}`);

function eventText(upstreamType: string, payload: string): string {
  const text = withoutEventMembers(payload);
  return text === '' || text === '{}' ? upstreamType : `${upstreamType} ${text}`;
}

function stylesOf(type: string): readonly Style[] {
  if (isFailure(type)) return type.startsWith('EXECUTION_') ? ['red', 'bold'] : ['red'];
  if (type === 'EXECUTION_SUCCEEDED') return ['green', 'bold'];
  return type.startsWith('EXECUTION_') ? ['bold'] : [];
}

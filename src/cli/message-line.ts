/**
 * A message as one line. On a terminal: local time, event type, step, as much of the payload as fits, failures in red; on a
 * narrow one step and payload get a line of their own, since without them nobody learns what failed. Else nothing is
 * cropped, and times are whole: such lines are kept and searched.
 */
import type { FlowMessage } from '../client/client.ts';
import { dayOf, timeOf, timeZone } from './local-time.ts';
import type { Output, Style } from './output.ts';
import { column, crop, oneLine, widthOf } from './plain-text.ts';

const TIME_COLUMNS = 12;
/** ISO 8601, as the service has it. */
const WHOLE_TIME_COLUMNS = 24;
/** The longest type: SCHEDULE_NEXT_READY_STEPS_TASK. */
const TYPE_COLUMNS = 30;
const STEP_COLUMNS = 26;
/** On a narrower terminal the payload comes right behind the step. */
const COLUMNS_FOR_STEPS = 110;
/** Of a payload that is longer, at least so much is seen: a step's name doesn't crowd it out. */
const PAYLOAD_COLUMNS_MIN = 12;
/** With less room behind the type, step and payload get a line of their own. */
const ROOM_COLUMNS_MIN = 32;
/** A terminal that is narrower yet wraps: better than to show nothing. */
const LINE_COLUMNS_MIN = 24;
const GAP = '  ';

/** Payloads of steps begin with their step: `{stepId: Step2CaptureImage, input: …}`, which looks like JSON and is not. */
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
    if (room >= ROOM_COLUMNS_MIN) {
      const head = [time, output.style(column(type, TYPE_COLUMNS), ...styles)];
      await output.line([...head, ...this.#detail(message, room, styles)].join(GAP).trimEnd());
      return;
    }
    const shownType = crop(type, Math.max(typeRoom, LINE_COLUMNS_MIN));
    await output.line([time, output.style(shownType, ...styles)].join(GAP).trimEnd());
    const detail = this.#detail(message, Math.max(output.columns - GAP.length, LINE_COLUMNS_MIN), styles);
    if (detail.length > 0) await output.line(GAP + detail.join(GAP));
  }

  /** Step and payload, in so many columns. */
  #detail({ payload = '' }: FlowMessage, room: number, styles: readonly Style[]): string[] {
    const output = this.#output;
    const { step, rest } = partsOf(payload);
    const payloadStyles = styles.includes('red') ? (['red'] as const) : [];
    if (output.columns >= COLUMNS_FOR_STEPS) {
      const left = room - STEP_COLUMNS - GAP.length;
      const inColumn = output.style(column(step, STEP_COLUMNS), 'cyan');
      return [inColumn, output.style(crop(rest, left), ...payloadStyles)];
    }
    const reserved = rest === '' ? 0 : GAP.length + Math.min(widthOf(rest), PAYLOAD_COLUMNS_MIN);
    const shownStep = crop(step, Math.min(STEP_COLUMNS, room - reserved));
    const left = shownStep === '' ? room : room - widthOf(shownStep) - GAP.length;
    return [output.style(shownStep, 'cyan'), output.style(crop(rest, left), ...payloadStyles)].filter(
      (cell) => cell !== '',
    );
  }
}

function plainLine({ timestamp = '', eventType = '', payload = '' }: FlowMessage): string {
  const { step, rest } = partsOf(payload);
  return [
    oneLine(timestamp).padEnd(WHOLE_TIME_COLUMNS),
    oneLine(eventType).padEnd(TYPE_COLUMNS),
    step.padEnd(STEP_COLUMNS),
    rest,
  ]
    .join(GAP)
    .trimEnd();
}

function partsOf(payload: string): { step: string; rest: string } {
  const found = STEP.exec(payload);
  if (!found) return { step: '', rest: oneLine(payload) };
  const rest = payload.slice(found[0].length);
  return { step: oneLine(found[1] ?? ''), rest: rest === '}' ? '' : oneLine(`{${rest}`) };
}

function stylesOf(type: string): readonly Style[] {
  if (/_(?:FAILED|ABORTED)$/.test(type)) return type.startsWith('EXECUTION_') ? ['red', 'bold'] : ['red'];
  if (type === 'EXECUTION_SUCCEEDED') return ['green', 'bold'];
  return type.startsWith('EXECUTION_') ? ['bold'] : [];
}

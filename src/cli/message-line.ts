/**
 * A message as one line. On a terminal: local time, event type, step, as much of the payload as fits, failures in red. Else
 * nothing is cropped, and times are whole: such lines are kept and searched.
 */
import type { FlowMessage } from '../client/client.ts';
import type { Output, Style } from './output.ts';
import { column, crop, oneLine, widthOf } from './plain-text.ts';

/** The longest type: SCHEDULE_NEXT_READY_STEPS_TASK. */
const TYPE_COLUMNS = 30;
const STEP_COLUMNS = 26;
/** On a narrower terminal the payload comes right behind the step. */
const COLUMNS_FOR_STEPS = 110;
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
    const time = timeOf(at);
    const type = oneLine(message.eventType ?? '');
    const { step, rest } = partsOf(message.payload ?? '');
    const styles = stylesOf(type);
    const hasStepColumn = output.columns >= COLUMNS_FOR_STEPS;
    const room = output.columns - widthOf(time) - TYPE_COLUMNS - 2 * GAP.length;
    const stepText = hasStepColumn ? column(step, STEP_COLUMNS) : crop(step, Math.min(STEP_COLUMNS, room));
    const cells = [
      output.style(time, 'dim'),
      output.style(column(type, TYPE_COLUMNS), ...styles),
      ...(stepText === '' ? [] : [output.style(stepText, 'cyan')]),
    ];
    const left = stepText === '' ? room : room - widthOf(stepText) - GAP.length;
    const payloadStyles = styles.includes('red') ? (['red'] as const) : [];
    cells.push(output.style(crop(rest, left), ...payloadStyles));
    await output.line(cells.join(GAP).trimEnd());
  }
}

function plainLine({ timestamp = '', eventType = '', payload = '' }: FlowMessage): string {
  const { step, rest } = partsOf(payload);
  return [oneLine(timestamp), oneLine(eventType).padEnd(TYPE_COLUMNS), step.padEnd(STEP_COLUMNS), rest]
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

const two = (number: number): string => String(number).padStart(2, '0');

const dayOf = (at: Date): string =>
  Number.isNaN(at.getTime()) ? '' : `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;

/** Twelve characters, blank where there is no time. */
const timeOf = (at: Date): string =>
  Number.isNaN(at.getTime())
    ? ' '.repeat(12)
    : `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${String(at.getMilliseconds()).padStart(3, '0')}`;

const timeZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

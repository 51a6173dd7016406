/**
 * Finds the values in the bytes of an exported history, chunk by chunk, with the line on which each begins.
 * exported-history.ts checks the content of messages. No I/O. No clock.
 *
 * **Forms.** A history is a sequence of messages or of documents, or an array of either. A document is an
 * object whose member `messages` is an array. Only one message of a document is in memory at a time. The text
 * around its messages is checked in pieces and dropped.
 *
 * **Values.** A JSON value (RFC 8259) ends where its brackets outside of strings balance. Brackets and
 * quotation marks are ASCII, so the end is found without decoding. JSON.parse then checks the text.
 *
 * **Faults.** In NDJSON (one message per line), reading continues on the line after a fault, so one import
 * reports several bad lines. In any other form the start of the next value is unknown, so reading stops. The
 * first message shows the form: in NDJSON it ends on the line where it began. One case is ambiguous. A first
 * line that is cut off looks like the start of a value that spans several lines, until a fault or the end of
 * the body is found. Then the text after the first line is read again as NDJSON.
 *
 * Existing streaming parsers stop at the first fault, do not count lines, and do not bound the size of values.
 * This file has more than 300 lines because it is one state machine.
 */
import {
  CUT_OFF,
  DOCUMENT_CUT_OFF,
  NOT_JSON,
  OPEN_STRING,
  PYTHON,
  UTF16,
  tooLarge,
} from './exported-history-flaws.ts';
import { ByteBuffer, parseJson } from './exported-history-text.ts';

/** Maximum size of a message. No upstream sends a larger one, because a whole page has at most 16 MiB. */
export const MESSAGE_BYTES_MAX = 16 * 1024 * 1024;

export type Found = { readonly line: number; readonly value: unknown } | Flaw;

/** A fault, as a sentence about the value or text that begins on `line`. */
export interface Flaw {
  readonly line: number;
  readonly flaw: string;
}

const isSpace = (byte: number): boolean => byte === SPACE || byte === LF || byte === CR || byte === TAB;

const [LF, CR, TAB, SPACE] = [0x0a, 0x0d, 0x09, 0x20];
const [QUOTE, BACKSLASH, APOSTROPHE, COMMA] = [0x22, 0x5c, 0x27, 0x2c];
const [OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET] = [0x7b, 0x7d, 0x5b, 0x5d];
const BOM = [0xef, 0xbb, 0xbf];

/**
 * How many bytes before a `[` are searched for the name of its member: enough for `"messages"` and some white
 * space.
 */
const NAME_BYTES_MAX = 64;
const MESSAGES_NAME = /[{,]\s*"messages"\s*:\s*$/;

/**
 * Stands for the start of a document, so that its rest, which begins with the `]` after the messages, parses as
 * JSON.
 */
const DOCUMENT_START = '{"messages":[';

/**
 * `halted` means that the start of the next value cannot be found. `skipping-line` skips the rest of a bad
 * line.
 */
type State = 'between' | 'inside' | 'skipping-line' | 'halted';

export class HistoryScanner {
  // Each byte can set one of these two. `#found` is reported. `#fault` is a fault in the current value, which
  // `#recover` handles.
  #found: Found | undefined;
  #fault: Flaw | undefined;
  #line = 1;
  #state: State = 'between';

  // Used between values: whether the values are in an outermost array, whether they are in a document's
  // `messages`, and what must follow.
  #inList = false;
  #inMessages = false;
  #expected: 'first' | 'value' | 'separator' = 'first';
  /** True once the history is known to have one message per line. */
  #byLine = false;
  #bomBytes = 0;

  // Used inside a value. `object`: it is not known yet whether the value is a message or a document.
  // `document`: the value is the rest of a document, after its messages.
  #kind: 'object' | 'message' | 'document' = 'object';
  #startLine = 1;
  #depth = 0;
  #inString = false;
  #escaped = false;
  /** The bytes of the current value from earlier chunks. */
  readonly #held = new ByteBuffer();

  /** True if the start of the next value cannot be found. Further bytes are ignored. */
  get halted(): boolean {
    return this.#state === 'halted';
  }

  /** The current line, from 1. */
  get line(): number {
    return this.#line;
  }

  /** Yields the values that these bytes complete, and faults, in order. Does not keep the chunk. */
  *push(chunk: Uint8Array): Generator<Found, void> {
    // The index in this chunk at which the current value begins.
    let begin = 0;
    for (let at = 0; at < chunk.length && this.#state !== 'halted'; at++) {
      if (this.#inString) at = this.#stringEnd(chunk, at);
      const byte = chunk[at];
      if (byte === undefined) break;
      if (this.#state === 'inside') this.#inside(byte, chunk, begin, at);
      else if (this.#state === 'between') begin = this.#between(byte) ? at : begin;

      if (this.#fault !== undefined) {
        const text = this.#held.followedBy(chunk.subarray(begin, at));
        // If the text before this byte was read again, process this byte again, too: it belongs to another
        // value now.
        if (yield* this.#recover(this.#fault, text)) {
          begin = at--;
          continue;
        }
      }
      if (byte === LF) this.#lineEnds();
      if (this.#found === undefined) continue;
      yield this.#found;
      this.#found = undefined;
    }
    if (this.#state !== 'inside') return;
    this.#held.append(chunk.subarray(begin));
    if (this.#held.length > MESSAGE_BYTES_MAX) yield* this.#recoverHeld(tooLarge(MESSAGE_BYTES_MAX));
  }

  /** Yields the faults that are found at the end of the body. */
  *end(): Generator<Found, void> {
    // Twice, because reporting a faulty value can read it again from its second line, and its last line can
    // be cut off, too.
    for (let turn = 0; turn < 2; turn++) if (this.#state === 'inside') yield* this.#recoverHeld(CUT_OFF);
    if (this.#bomBytes > 0) yield { line: this.#line, flaw: NOT_JSON };
    if (this.#state === 'between' && (this.#inList || this.#inMessages)) {
      yield { line: this.#line, flaw: DOCUMENT_CUT_OFF };
    }
  }

  #lineEnds(): void {
    this.#line++;
    if (this.#state === 'skipping-line') this.#state = 'between';
  }

  /**
   * Returns the index at which the string ends: at its quotation mark, or at a line break, which is a fault. If
   * it continues in the next chunk, returns the chunk's length.
   */
  #stringEnd(chunk: Uint8Array, from: number): number {
    let at = from;
    for (; at < chunk.length; at++) {
      const byte = chunk[at];
      if (byte === LF) break;
      if (this.#escaped) this.#escaped = false;
      else if (byte === BACKSLASH) this.#escaped = true;
      else if (byte === QUOTE) break;
    }
    return at;
  }

  /** Handles a byte between values. True if a value begins at this byte. */
  #between(byte: number): boolean {
    if (byte === BOM[this.#bomBytes] && !this.#inList && !this.#inMessages) {
      this.#bomBytes = (this.#bomBytes + 1) % BOM.length;
      return false;
    }
    if (this.#bomBytes > 0) {
      this.#report(this.#line, NOT_JSON, 'halted');
      return false;
    }
    if (isSpace(byte)) return false;
    const inArray = this.#inList || this.#inMessages;
    if (byte === OPEN_BRACE && !(inArray && this.#expected === 'separator')) {
      return this.#begin(this.#inMessages ? 'message' : 'object');
    }
    if (!inArray) this.#atTop(byte);
    else if (byte === COMMA && this.#expected === 'separator') this.#expected = 'value';
    else if (byte === CLOSE_BRACKET && this.#expected !== 'value') {
      if (this.#inMessages) return this.#begin('document');
      this.#inList = false;
    } else {
      const expected = this.#expected === 'separator' ? "',' or ']'" : 'a message';
      const flaw =
        byte === APOSTROPHE ? PYTHON : `The array of messages must continue with ${expected} here.`;
      this.#report(this.#line, flaw, 'halted');
    }
    return false;
  }

  #atTop(byte: number): void {
    if (byte === OPEN_BRACKET) {
      this.#inList = true;
      this.#expected = 'first';
    } else if (byte === 0 || byte > 0xfd) this.#report(this.#line, UTF16, 'halted');
    else this.#report(this.#line, NOT_JSON, 'skipping-line');
  }

  #begin(kind: 'object' | 'message' | 'document'): true {
    this.#kind = kind;
    this.#state = 'inside';
    this.#startLine = this.#line;
    this.#inMessages = kind === 'message';
    this.#depth = 1;
    return true;
  }

  #inside(byte: number, chunk: Uint8Array, begin: number, at: number): void {
    if (this.#inString) {
      if (byte === LF) this.#fault = { line: this.#line, flaw: OPEN_STRING };
      else this.#inString = false;
    } else if (byte === QUOTE) this.#inString = true;
    else if (byte === OPEN_BRACE) this.#depth++;
    else if (byte === OPEN_BRACKET) {
      if (this.#depth === 1 && this.#kind !== 'message' && this.#followsMessagesName(chunk, begin, at)) {
        this.#enterMessages(this.#held.followedBy(chunk.subarray(begin, at + 1)));
      } else this.#depth++;
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      if (--this.#depth === 0) this.#complete(this.#held.followedBy(chunk.subarray(begin, at + 1)));
    } else if (byte === APOSTROPHE) {
      if (this.#byLine) this.#fault = { line: this.#startLine, flaw: PYTHON };
      // Halt, because otherwise every line would be reported.
      else this.#report(this.#startLine, PYTHON, 'halted');
    } else if (byte === LF && this.#byLine && this.#isAlone()) {
      this.#fault = { line: this.#startLine, flaw: CUT_OFF };
    }
  }

  /** True if the current value is not inside an array or a document, so that it can be a line of NDJSON. */
  #isAlone(): boolean {
    return this.#kind === 'object' && !this.#inList;
  }

  #complete(json: Uint8Array): void {
    const isRest = this.#kind === 'document';
    const parsed = isRest ? parseJson(json, DOCUMENT_START) : parseJson(json);
    if ('flaw' in parsed) {
      this.#fault = { line: this.#startLine, flaw: parsed.flaw };
      return;
    }
    if (!isRest) this.#found = { line: this.#startLine, value: parsed.value };
    // `{}` is on one line in every form, so it does not show the form.
    if (this.#isAlone() && this.#startLine === this.#line && !isEmptyObject(json)) this.#byLine = true;
    this.#enter('between');
    this.#expected = 'separator';
  }

  /**
   * Checks a document's text before its messages, and drops the text. Checking now reports a fault with the
   * right line.
   */
  #enterMessages(json: Uint8Array): void {
    const parsed = parseJson(json, this.#kind === 'document' ? DOCUMENT_START : '', ']}');
    if ('flaw' in parsed) {
      this.#report(this.#startLine, parsed.flaw, 'halted');
      return;
    }
    this.#enter('between');
    this.#expected = 'first';
    this.#inMessages = true;
  }

  /** True if the `[` at this index begins the value of a member `messages`. */
  #followsMessagesName(chunk: Uint8Array, begin: number, at: number): boolean {
    const here = chunk.subarray(Math.max(begin, at - NAME_BYTES_MAX), at);
    const held = this.#held.view();
    const before = held.subarray(Math.max(0, held.length + here.length - NAME_BYTES_MAX));
    return MESSAGES_NAME.test(String.fromCharCode(...before, ...here));
  }

  *#recoverHeld(flaw: string): Generator<Found, void> {
    yield* this.#recover({ line: this.#startLine, flaw }, this.#held.view());
  }

  /**
   * Reports a fault in the current value, and continues where the next value is known to begin. `text` is the
   * value's text so far. Returns true if only the first line was bad and the text after that line was read
   * again.
   */
  *#recover(fault: Flaw, text: Uint8Array): Generator<Found, boolean> {
    const lineEnd = text.indexOf(LF);
    // A first line with nothing but a bracket begins a value that spans several lines, so this is not NDJSON.
    if (!this.#isAlone() || (lineEnd > 0 && text.subarray(1, lineEnd).every(isSpace))) {
      this.#enter('halted');
      yield fault;
      return false;
    }
    this.#byLine = true;
    if (lineEnd < 0) {
      this.#enter('skipping-line');
      yield fault;
      return false;
    }
    const rest = text.slice(lineEnd);
    this.#line = this.#startLine;
    this.#enter('between');
    yield { line: this.#startLine, flaw: CUT_OFF };
    yield* this.push(rest);
    return true;
  }

  #report(line: number, flaw: string, next: State): void {
    this.#found = { line, flaw };
    this.#enter(next);
  }

  /** Leaves the current value. */
  #enter(next: State): void {
    this.#state = next;
    this.#fault = undefined;
    this.#inString = false;
    this.#escaped = false;
    this.#held.clear();
  }
}

const isEmptyObject = (json: Uint8Array): boolean =>
  json.every((byte) => byte === OPEN_BRACE || byte === CLOSE_BRACE || isSpace(byte));

/**
 * Finds the values of an exported history in its bytes, chunk by chunk: where each begins and ends, and on
 * which line. exported-history.ts checks what a message may contain. No I/O. No clock.
 *
 * **Forms.** A history is a sequence of messages, of documents (objects with a member `messages` that is an
 * array), or an array of either. Only one message of a document is held at a time; the text around its
 * messages is checked in pieces and dropped.
 *
 * **Values.** A JSON value (RFC 8259) ends where its brackets balance outside of strings. All bytes that
 * matter for that are ASCII, so the end is found without decoding. JSON.parse then checks the text.
 *
 * **Faults.** If the history has one message a line (NDJSON), reading continues on the next line, so several
 * bad lines are found at once. In any other form the start of the next value is unknown, so reading stops.
 * The first message shows the form: in NDJSON it ends on the line where it began. One case is ambiguous: a
 * first line that is cut off looks like a value that spans several lines, until a fault or the end of the
 * body is found. Then the text after that line is read again.
 *
 * Existing streaming parsers stop at the first fault, and neither count lines nor bound values. Over 300
 * lines, because it is one state machine.
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

/** No message is larger, because a whole page of an upstream has at most 16 MiB. */
export const MESSAGE_BYTES_MAX = 16 * 1024 * 1024;

export type Found = { readonly line: number; readonly value: unknown } | Flaw;

/** A sentence about the value that begins on that line, or the text there. */
export interface Flaw {
  readonly line: number;
  readonly flaw: string;
}

const isSpace = (byte: number): boolean => byte === SPACE || byte === LF || byte === CR || byte === TAB;

const [LF, CR, TAB, SPACE] = [0x0a, 0x0d, 0x09, 0x20];
const [QUOTE, BACKSLASH, APOSTROPHE, COMMA] = [0x22, 0x5c, 0x27, 0x2c];
const [OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET] = [0x7b, 0x7d, 0x5b, 0x5d];
const BOM = [0xef, 0xbb, 0xbf];

/** How far before the `[` of a value its member's name is searched: `"messages"` and some white space. */
const NAME_BYTES_MAX = 64;
const MESSAGES_NAME = /[{,]\s*"messages"\s*:\s*$/;

/** Replaces the text before the bracket that ends a document's messages, so that the rest parses as JSON. */
const DOCUMENT_START = '{"messages":[';

/**
 * Between two values; inside one; skipping the rest of a bad line; or halted: the next value cannot be found.
 */
type State = 'between' | 'inside' | 'skipping-line' | 'halted';

export class HistoryScanner {
  // Set by the byte that was read last: something to report, or a fault in the current value, after which
  // `#recover` continues.
  #found: Found | undefined;
  #fault: Flaw | undefined;
  #line = 1;
  #state: State = 'between';

  // Between values: whether they are in an outermost array, and in a document's `messages`, and what must
  // come next.
  #inList = false;
  #inMessages = false;
  #expected: 'first' | 'value' | 'separator' = 'first';
  /** The history is known to have one message a line. */
  #byLine = false;
  #bomBytes = 0;

  // Inside a value. `object`: a message or a document, it is not known yet which. `document`: the rest of
  // one, after its messages.
  #kind: 'object' | 'message' | 'document' = 'object';
  #startLine = 1;
  #depth = 0;
  #inString = false;
  #escaped = false;
  /** The bytes of the current value in earlier chunks. */
  readonly #held = new ByteBuffer();

  /** True if the start of the next value cannot be found: further bytes are ignored. */
  get halted(): boolean {
    return this.#state === 'halted';
  }

  /** The current line, from 1. */
  get line(): number {
    return this.#line;
  }

  /** The values that these bytes complete, in order. The chunk is not kept. */
  *push(chunk: Uint8Array): Generator<Found, void> {
    // Where the value being read begins in this chunk.
    let begin = 0;
    for (let at = 0; at < chunk.length && this.#state !== 'halted'; at++) {
      if (this.#inString) at = this.#stringEnd(chunk, at);
      const byte = chunk[at];
      if (byte === undefined) break;
      if (this.#state === 'inside') this.#inside(byte, chunk, begin, at);
      else if (this.#state === 'between') begin = this.#between(byte) ? at : begin;

      if (this.#fault !== undefined) {
        const text = this.#held.followedBy(chunk.subarray(begin, at));
        // If the text before this byte was read again, this byte belongs to another value now.
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

  /** What is found at the end of the body. */
  *end(): Generator<Found, void> {
    // Twice: a faulty value may have been read again from its second line, and its last line may be cut off.
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
   * Where the string ends: at its quotation mark, at a line break (a fault), or past the chunk if it
   * continues.
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

  /** True if a value begins at this byte. */
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

  /** The value being read is in no array and is not a document: it may have a line of its own. */
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
    // `{}` is on one line in every form, so it does not show which one this is.
    if (this.#isAlone() && this.#startLine === this.#line && !isEmptyObject(json)) this.#byLine = true;
    this.#enter('between');
    this.#expected = 'separator';
  }

  /**
   * Checks a document's text up to its messages now, so that a fault in it is reported with its line, and
   * drops it.
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

  /** Whether the `[` at this index is the value of a member `messages`. */
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
   * The value being read is faulty; `text` is all of it so far. Reports it, and continues where the next
   * value is known to begin. True if only its first line was bad, and the text after that line was read
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

  /** Leaves the value being read. */
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

/**
 * Finds the values of an exported history in its bytes, chunk by chunk: where each begins and ends, and on which line.
 * exported-history.ts checks what a message may contain. No I/O. No clock.
 *
 * A JSON value (RFC 8259) ends where its brackets balance outside of strings, and every byte that matters for that is
 * ASCII, so it is found without decoding; JSON.parse then checks the text. The history is a sequence of messages, of
 * documents (objects with a member `messages` that is an array), or an array of either. Only one message of a document is
 * held at a time; the text around its messages is checked in pieces and skipped. No streaming parser does this: they stop at
 * the first fault, do not count lines, and do not bound a value.
 *
 * After a fault, one message a line (NDJSON) is read on from the next line, so that several bad lines are found at once. In
 * any other form the next value cannot be found, so reading stops. The first message shows which form it is: in NDJSON it ends
 * on the line where it began. A first line that is cut off looks like the other form until the end or a fault; then the text
 * after that line is read again.
 */
import { ByteBuffer, parseJson } from './exported-history-text.ts';

/** Bounds what is held of a body. A whole page of an upstream has at most 16 MiB, so no message is larger. */
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

const CUT_OFF = 'The JSON that begins here is cut off: it has no end.';
const NOT_JSON = 'This is not JSON: a history is a message a line, or {"messages": […]} documents, in UTF-8.';
const UTF16 = 'This is not UTF-8 but most likely UTF-16: save the file as UTF-8.';
const OPEN_STRING =
  'A text has no closing quotation mark on its line (a line break inside of one is written \\n).';
const TOO_LARGE = `What begins here has no end within ${MESSAGE_BYTES_MAX / 1024 / 1024} MiB.`;
const PYTHON =
  'This is not JSON: it has single quotes, as when Python prints a dictionary. Export with json.dumps(response, default=str).';

export class HistoryScanner {
  /** The value that the last byte completed, or the fault that it showed in the value being read. */
  #found: Found | undefined;
  #fault: Flaw | undefined;
  #line = 1;
  #state: 'between' | 'inside' | 'skipping-line' | 'halted' = 'between';

  // Between values: the arrays around them (the outermost one, and a document's), and what must come next.
  #inList = false;
  #inMessages = false;
  #expected: 'first' | 'value' | 'separator' = 'first';
  /** Known to be one message a line. */
  #byLine = false;
  #bomBytes = 0;

  // Inside a value. `object`: a message or a document, not yet known which. `document`: the part after its messages.
  #kind: 'object' | 'message' | 'document' = 'object';
  #startLine = 1;
  #depth = 0;
  #inString = false;
  #escaped = false;
  /** Its bytes in earlier chunks. */
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
    let begin = 0;
    for (let at = 0; at < chunk.length && this.#state !== 'halted'; at++) {
      if (this.#inString) at = this.#stringEnd(chunk, at);
      const byte = chunk[at];
      if (byte === undefined) break;
      if (this.#state === 'inside') this.#inside(byte, chunk, begin, at);
      else if (this.#state === 'between') begin = this.#between(byte) ? at : begin;

      if (this.#fault !== undefined) {
        const isReadAgain = yield* this.#giveUp(
          this.#fault,
          this.#held.followedBy(chunk.subarray(begin, at)),
        );
        if (isReadAgain) {
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
    if (this.#held.length > MESSAGE_BYTES_MAX) yield* this.#giveUpHeld(TOO_LARGE);
  }

  /** What is found at the end of the body. */
  *end(): Generator<Found, void> {
    // Twice: a value that was given up may have been read again from its second line, and be cut off in its last.
    for (let turn = 0; turn < 2; turn++) if (this.#state === 'inside') yield* this.#giveUpHeld(CUT_OFF);
    if (this.#bomBytes > 0) yield { line: this.#line, flaw: NOT_JSON };
    if (this.#state === 'between' && (this.#inList || this.#inMessages)) {
      yield { line: this.#line, flaw: 'The document is cut off here: its array of messages has no end.' };
    }
  }

  #lineEnds(): void {
    this.#line++;
    if (this.#state === 'skipping-line') this.#state = 'between';
  }

  /** Where the string ends: at its quotation mark, at a line break (a fault), or past the chunk if it continues. */
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
      this.#flaw(this.#line, NOT_JSON, 'halted');
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
      this.#flaw(this.#line, flaw, 'halted');
    }
    return false;
  }

  #atTop(byte: number): void {
    if (byte === OPEN_BRACKET) {
      this.#inList = true;
      this.#expected = 'first';
    } else if (byte === 0 || byte > 0xfd) this.#flaw(this.#line, UTF16, 'halted');
    else this.#flaw(this.#line, NOT_JSON, 'skipping-line');
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
      // Otherwise every line would be reported.
      else this.#flaw(this.#startLine, PYTHON, 'halted');
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
    this.#goOn('between');
    this.#expected = 'separator';
  }

  /** Checks a document's text up to its messages now, so that a fault in it is reported with its line, and drops it. */
  #enterMessages(json: Uint8Array): void {
    const parsed = parseJson(json, this.#kind === 'document' ? DOCUMENT_START : '', ']}');
    if ('flaw' in parsed) {
      this.#flaw(this.#startLine, parsed.flaw, 'halted');
      return;
    }
    this.#goOn('between');
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

  *#giveUpHeld(flaw: string): Generator<Found, void> {
    yield* this.#giveUp({ line: this.#startLine, flaw }, this.#held.view());
  }

  /**
   * The value being read is faulty; `text` is all of it so far. Continues where the next value is known to begin. True if its
   * first line was the fault and the text after that line was read again.
   */
  *#giveUp(fault: Flaw, text: Uint8Array): Generator<Found, boolean> {
    const lineEnd = text.indexOf(LF);
    // A first line with only a bracket begins a value that spans several lines.
    if (!this.#isAlone() || (lineEnd > 0 && text.subarray(1, lineEnd).every(isSpace))) {
      this.#goOn('halted');
      yield fault;
      return false;
    }
    this.#byLine = true;
    if (lineEnd < 0) {
      this.#goOn('skipping-line');
      yield fault;
      return false;
    }
    const rest = text.slice(lineEnd);
    this.#line = this.#startLine;
    this.#goOn('between');
    yield { line: this.#startLine, flaw: CUT_OFF };
    yield* this.push(rest);
    return true;
  }

  #flaw(line: number, flaw: string, next: 'between' | 'skipping-line' | 'halted'): void {
    this.#found = { line, flaw };
    this.#goOn(next);
  }

  #goOn(next: 'between' | 'skipping-line' | 'halted'): void {
    this.#state = next;
    this.#fault = undefined;
    this.#inString = false;
    this.#escaped = false;
    this.#held.clear();
  }
}

const isEmptyObject = (json: Uint8Array): boolean =>
  json.every((byte) => byte === OPEN_BRACE || byte === CLOSE_BRACE || isSpace(byte));

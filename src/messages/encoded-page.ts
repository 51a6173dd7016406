/**
 * Encodes a page of messages: its JSON (docs/http-api.md), ETag and cursor. A page is encoded once, where it
 * was cut. All callers with the same access get the same bytes.
 */
import { hash } from 'node:crypto';

import type { ExecutionName } from '../core/execution-ref.ts';
import { type CursorKeys, type Position, encodeCursor } from './cursor.ts';
import type { Status } from './event-types.ts';
import type { Message } from './message.ts';

/** The content of a page. Plain data. */
export interface PageContent {
  readonly messages: readonly Message[];
  /** The position after the last message that was examined. */
  readonly next: Position;
  /** True if more messages exist now. */
  readonly more: boolean;
  /** Set if the search for the newest messages reached a bound, so that the page might lack messages. */
  readonly partial?: true;
  /** Absent if the end of the history has not been read yet. */
  readonly status?: Status;
}

/** The JSON of a page. */
export interface PageBody {
  readonly messages: readonly Message[];
  /** Present only if more messages exist now. */
  readonly nextToken?: string;
  /** The position after the last message that was examined. Always present. */
  readonly cursor: string;
  readonly status?: Status;
  /** Only with `last`. Set if the search reached a bound before it found enough messages. */
  readonly partial?: true;
}

/** UTF-8 bytes or text, whichever costs the runtime less to send. */
export type BodyForm = Uint8Array | string;

/** Plain data, so that it can cross an RPC boundary. */
export interface EncodedPage extends Pick<PageContent, 'next' | 'more' | 'status'> {
  /** The JSON and a newline. Must not be modified, because all callers share it. */
  readonly body: BodyForm;
  /** A strong ETag, computed from the body. */
  readonly etag: string;
  /** `next` as an encoded cursor. */
  readonly cursor: string;
}

export type EncodePage = (execution: ExecutionName, page: PageContent) => EncodedPage;

const utf8 = new TextEncoder();
export const asBytes = (text: string): BodyForm => utf8.encode(text);
/** For Deno, which copies text once and bytes twice when it sends them. */
export const asText = (text: string): BodyForm => text;

export const createPageEncoder =
  (keys: CursorKeys, toBody: (text: string) => BodyForm = asBytes): EncodePage =>
  (execution, { messages, next, more, partial, status }) => {
    const cursor = encodeCursor(keys, execution, { ...next, end: 'none' });
    const content: PageBody = {
      messages,
      ...(more && { nextToken: cursor }),
      cursor,
      ...(status && { status }),
      ...(partial && { partial }),
    };
    const body = toBody(`${JSON.stringify(content)}\n`);
    return { body, etag: strongEtag(body), cursor, next, more, ...(status && { status }) };
  };

export const strongEtag = (body: Uint8Array | string): string =>
  `"${hash('sha256', body, 'base64url').slice(0, 22)}"`;

/** Parses the JSON of an encoded page, to convert it to another format. */
export const decodePage = ({ body }: Pick<EncodedPage, 'body'>): PageBody =>
  // Safety: `createPageEncoder` wrote this JSON.
  JSON.parse(typeof body === 'string' ? body : new TextDecoder().decode(body)) as PageBody;

/** Estimates the memory that the page takes. */
export const encodedPageBytes = ({ body }: EncodedPage): number =>
  512 + (typeof body === 'string' ? textBytes(body) : body.byteLength);

/** V8 stores text with one byte per character, or with two if any character is outside Latin-1. */
const textBytes = (text: string): number => (/[\u0100-\uffff]/.test(text) ? 2 : 1) * text.length;

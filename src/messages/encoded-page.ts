/**
 * A page of messages as bytes: its JSON (docs/http-api.md), ETag and next cursor. Encoded once, where the
 * page was cut; every caller with the same access gets the same bytes.
 */
import { hash } from 'node:crypto';

import type { ExecutionName } from '../core/execution-ref.ts';
import { type CursorKeys, type Position, encodeCursor } from './cursor.ts';
import type { Status } from './event-types.ts';
import type { Message } from './message.ts';

/** The content of a page. Plain data. */
export interface PageContent {
  readonly messages: readonly Message[];
  /** The position after the last message considered. */
  readonly next: Position;
  /** More messages exist now. */
  readonly more: boolean;
  /** Fewer of the newest messages than were requested, although there may be more: a bound was reached. */
  readonly partial?: true;
  /** Absent until the end of the history was read. */
  readonly status?: Status;
}

/** The JSON of a page. */
export interface PageBody {
  readonly messages: readonly Message[];
  /** Present only if more messages exist now. */
  readonly nextToken?: string;
  /** Always: the position after the last message considered. */
  readonly cursor: string;
  readonly status?: Status;
  /** Only with `last`: a bound was reached before enough messages were found. */
  readonly partial?: true;
}

/** UTF-8 or text: what the runtime sends at the lowest cost. */
export type BodyForm = Uint8Array | string;

/** Plain data: it crosses an RPC boundary. */
export interface EncodedPage extends Pick<PageContent, 'next' | 'more' | 'status'> {
  /** The JSON, with a newline at its end. Never changed: all callers share it. */
  readonly body: BodyForm;
  /** Strong: from the body. */
  readonly etag: string;
  /** `next` as callers get it. */
  readonly cursor: string;
}

export type EncodePage = (execution: ExecutionName, page: PageContent) => EncodedPage;

const utf8 = new TextEncoder();
export const asBytes = (text: string): BodyForm => utf8.encode(text);
/** A text is sent with one copy where bytes need two, as on Deno. */
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

/** The JSON of an encoded page, for another form of it. */
export const decodePage = ({ body }: Pick<EncodedPage, 'body'>): PageBody =>
  // Safety: `createPageEncoder` made it.
  JSON.parse(typeof body === 'string' ? body : new TextDecoder().decode(body)) as PageBody;

/** Estimates what it takes in memory. */
export const encodedPageBytes = ({ body }: EncodedPage): number =>
  512 + (typeof body === 'string' ? textBytes(body) : body.byteLength);

/** V8 keeps a text in one byte for each character, or in two if one of them is not in Latin-1. */
const textBytes = (text: string): number => (/[\u0100-\uffff]/.test(text) ? 2 : 1) * text.length;

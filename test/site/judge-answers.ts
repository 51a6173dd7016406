/**
 * Checks answers against the OpenAPI document: status, media type, body, and every header. Records the answers that
 * occurred, so that a test can find documented answers that never did.
 */
import { expect } from 'vitest';

import { type AnswerName, answerSchemas } from '../../src/site/answers.ts';
import { type ReadEvent, SseParser } from '../support/sse-reader.ts';
import { type Json, members, operations, resolved, schemaName, schemaProblem } from './document.ts';

/**
 * Headers about the connection or the body, which the document does not describe as headers. It describes Content-Type
 * as part of the content.
 */
const OF_THE_TRANSPORT = [
  'content-type',
  'content-length',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'date',
];

export class AnswerJudge {
  /** The answers that occurred, each as `operation status`. */
  readonly seen = new Set<string>();
  /** The headers that occurred, each as `operation status: header`. */
  readonly seenHeaders = new Set<string>();
  readonly seenEvents = new Set<string>();
  readonly seenCodes = new Set<string>();

  /**
   * Checks one answer and returns its body. For a stream that was not read to its end, `text` is the part that was
   * read.
   */
  async judge(id: string, status: number, response: Response, text?: string): Promise<string> {
    const where = `${id} ${status}`;
    const body = text ?? (await response.text());
    expect(response.status, `${where}: ${body}`).toBe(status);
    const documented = operations.find((operation) => operation.id === id)?.responses.get(String(status));
    if (!documented) throw new Error(`${where} is not documented`);
    this.#judgeBody(where, documented, response, body);
    this.#judgeHeaders(where, documented, response);
    this.seen.add(where);
    return body;
  }

  #judgeBody(where: string, documented: Json, response: Response, body: string): void {
    const contents = members(documented, 'content');
    const type = contentType(response);
    if (contents.length === 0) {
      expect({ type, body }, where).toEqual({ type: undefined, body: '' });
      return;
    }
    const content = contents.find(([name]) => name === type)?.[1];
    if (!content) throw new Error(`${where}: ${type} is not documented`);
    if (type === 'text/event-stream') {
      for (const event of new SseParser().push(new TextEncoder().encode(body))) {
        this.#judgeEvent(where, content, event);
      }
      return;
    }
    const value: unknown = JSON.parse(body);
    judgeValue(where, content['schema'], value);
    const { code, __type: name } = resolved(value);
    if (typeof code !== 'string' && typeof name !== 'string') return;
    // The code of a problem, or the name of an AWS exception, must be among the documented examples.
    expect(
      members(content, 'examples').map(([shown]) => shown),
      where,
    ).toContain(code ?? name);
    this.seenCodes.add(`${where}: ${String(code ?? name)}`);
  }

  #judgeEvent(where: string, content: Json, { event, data, id }: ReadEvent): void {
    const events = members(content, 'x-events');
    const documented = events.find(([name]) => name === event)?.[1];
    if (!documented) throw new Error(`${where}: the event ${event} is not documented`);
    // Live lists have no positions to resume from.
    const hasId = event !== 'problem' && events.some(([name]) => name === 'message');
    expect(id !== undefined, `${where}: ${event}`).toBe(hasId);
    judgeValue(`${where}: ${event}`, documented['schema'], JSON.parse(data));
    this.seenEvents.add(event);
  }

  #judgeHeaders(where: string, documented: Json, response: Response): void {
    const headers = members(documented, 'headers');
    for (const [name, header] of headers) {
      const value = response.headers.get(name);
      if (header['required'] === true || header['x-content-type'] === contentType(response)) {
        expect(value, `${where}: ${name}`).not.toBeNull();
      }
      if (value === null) continue;
      this.seenHeaders.add(`${where}: ${name}`);
      const isNumber = resolved(header['schema'])['type'] === 'integer';
      expect(schemaProblem(header['schema'], isNumber ? Number(value) : value), `${where}: ${name}`).toBe(
        undefined,
      );
    }
    const known = [...headers.map(([name]) => name.toLowerCase()), ...OF_THE_TRANSPORT];
    expect(
      [...response.headers.keys()].filter((name) => !known.includes(name)),
      where,
    ).toEqual([]);
  }
}

const contentType = (response: Response): string | undefined =>
  response.headers.get('Content-Type')?.replace(/;.*/, '');

/**
 * Checks a value against the document, and against the strict schema of the same name, which refuses undocumented
 * members.
 */
function judgeValue(where: string, schema: unknown, value: unknown): void {
  expect(schemaProblem(schema, value), where).toBeUndefined();
  const name = schemaName(schema);
  expect(Object.keys(answerSchemas), where).toContain(name);
  // Safety: the line above has checked that it is one of the names.
  expect(answerSchemas[name as AnswerName].safeParse(value).error?.issues, where).toBeUndefined();
}

/** All documented answers, each as `operation status`. */
export const documentedAnswers: readonly string[] = operations.flatMap(({ id, responses }) =>
  [...responses.keys()].map((status) => `${id} ${status}`),
);

/** All documented headers, each as `operation status: header`. */
export const documentedHeaders: readonly string[] = operations.flatMap(({ id, responses }) =>
  [...responses].flatMap(([status, response]) =>
    members(response, 'headers').map(([name]) => `${id} ${status}: ${name}`),
  ),
);

/**
 * The event in a message's payload (step-functions-mapping.ts). Parses it as JSON, because an import may have
 * other spaces and another order of members than our own text.
 */
import { parseJson } from '../../core/parse-json.ts';
import type { Message } from '../../messages/message.ts';

export interface PayloadEvent {
  readonly type: string;
  readonly previousEventId: unknown;
  /** The event's own members and those of its details. */
  readonly members: Readonly<Record<string, unknown>>;
}

/** Undefined if the payload is not that of the event with the message's id. */
export function eventInPayload({ messageId, payload = '' }: Message): PayloadEvent | undefined {
  const members = parseObject(payload);
  const type = textOf(members?.['type']);
  if (!members || type === undefined || String(members['id']) !== messageId) return undefined;
  return { type, previousEventId: members['previousEventId'], members };
}

function parseObject(json: string): Readonly<Record<string, unknown>> | undefined {
  if (!json.trimStart().startsWith('{')) return undefined;
  // Safety: JSON that begins with a brace is an object.
  return parseJson(json) as Readonly<Record<string, unknown>> | undefined;
}

export const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/**
 * Reads the event in a message's payload (step-functions-mapping.ts). The payload is parsed as JSON, because
 * in imported messages it may have different spaces and a different order of members than Flowtap writes.
 */
import { parseJson } from '../../core/parse-json.ts';
import type { Message } from '../../messages/message.ts';

export interface PayloadEvent {
  readonly type: string;
  readonly previousEventId: unknown;
  /** The event's own members and those of its details. */
  readonly members: Readonly<Record<string, unknown>>;
}

/** Undefined if the payload is not an event with the message's id. */
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

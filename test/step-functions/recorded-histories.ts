/**
 * The recorded histories (test/data/README.md), restored to what AWS sends. The recordings have placeholders
 * for times, objects for JSON strings, and lists for ids that differ between runs because of parallel
 * branches.
 */
import { readFileSync } from 'node:fs';
import type { Message } from '../../src/messages/message.ts';
import {
  type HistoryEvent,
  messageOfEvent,
} from '../../src/sources/step-functions/step-functions-mapping.ts';

interface RecordedEvent {
  readonly type: string;
  readonly id: number | readonly number[];
  readonly previousEventId: number;
  readonly [member: string]: unknown;
}

export interface RecordedHistory {
  readonly recordedBy: string;
  readonly events: readonly HistoryEvent[];
}

/** The time of the first event, in epoch seconds. Later events follow a tenth of a second apart. */
export const RECORDING_START_SECONDS = 1_764_547_200;

const JSON_MEMBERS = new Set(['input', 'output', 'cause', 'parameters']);

export function readRecordedHistories(): RecordedHistory[] {
  return readFileSync(new URL('../data/step-functions-histories.jsonl', import.meta.url), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      // Safety: our own file has the form that README.md describes.
      const { recorded_by, events } = JSON.parse(line) as { recorded_by: string; events: RecordedEvent[] };
      return { recordedBy: recorded_by, events: events.map(restored) };
    });
}

function restored(event: RecordedEvent, index: number): HistoryEvent {
  const members = Object.entries(event).map(([name, value]) => [
    name,
    isRecord(value)
      ? Object.fromEntries(Object.entries(value).map(([member, inner]) => [member, textOf(member, inner)]))
      : value,
  ]);
  return {
    ...Object.fromEntries(members),
    type: event.type,
    id: typeof event.id === 'number' ? event.id : index + 1,
    timestamp: Math.round((RECORDING_START_SECONDS + index / 10) * 1000) / 1000,
  };
}

const textOf = (member: string, value: unknown): unknown =>
  JSON_MEMBERS.has(member) && typeof value !== 'string' ? JSON.stringify(value) : value;

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * The messages of an ended history whose map failed. Every text in its details is replaced by `data`, except
 * names of states and errors.
 */
export function failingMapWithData(data: string): Message[] {
  const { events } = readRecordedHistories().find(({ events: all }) =>
    all.some(({ type }) => type === 'MapIterationAborted'),
  ) ?? {
    events: [],
  };
  return events.flatMap((event) => {
    const replaced = Object.entries(event).map(([name, value]) => [
      name,
      isRecord(value) ? { ...withData(value, data), [`added${name}`]: data } : value,
    ]);
    const message = messageOfEvent({ ...event, ...Object.fromEntries(replaced) });
    return message ? [message] : [];
  });
}

const withData = (details: Record<string, unknown>, data: string) =>
  Object.fromEntries(
    Object.entries(details).map(([name, value]) =>
      ['name', 'error', 'index', 'resourceType'].includes(name) ? [name, value] : [name, data],
    ),
  );

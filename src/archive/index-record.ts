/**
 * The records of the index: one for each archived execution and each flow. A record is small JSON. It is
 * stored as the metadata of its key, because the store returns metadata when it lists keys. If a long id
 * makes the record too large for metadata, it is stored as the value. Keys:
 *
 *     archive/1/index/<source>/<group>/<order key>   an execution
 *     archive/1/flow/<source>/<flow>                 a flow that has executions
 *
 * <group> is the flow, or `~` for executions that belong to no flow. Children of a map run do not appear in
 * the list of their flow. Their <group> is the ARN of the map run. If that is unknown, it is the part of
 * their own ARNs that names the map run.
 */
import * as z from 'zod/mini';

import { labelledMachine, statesArn } from '../core/execution-arn.ts';
import { type FlowRef, flowOf, isMapRunChild, namesOf, parseFlowRef } from '../core/flow-ref.ts';
import { type ExecutionName, type ExecutionRef, restoreExecutionRef } from '../core/execution-ref.ts';
import { type Status, STATUSES } from '../messages/event-types.ts';
import { METADATA_BYTES_MAX } from '../storage/key-value.ts';
import type { ArchiveHead } from './archive-head.ts';
import { idPart } from './archive-keys.ts';
import { orderKey } from './order-key.ts';

const INDEX_VERSION = 1;
export const INDEX_PREFIX = 'archive/1/index/';
export const FLOW_PREFIX = 'archive/1/flow/';
/** The group of executions that belong to no flow. `idPart` never returns this for a flow. */
const NO_FLOW = '~';

/**
 * Identifies the executions of one list: those of a flow or of a map run. Without `flow`, those that belong
 * to no flow.
 */
export interface IndexGroup {
  readonly source: string;
  /** A flow, or the ARN of a map run. */
  readonly flow?: string;
}

const recordSchema = z.object({
  v: z.literal(INDEX_VERSION),
  source: z.string(),
  executionId: z.string(),
  generation: z.string(),
  status: z.enum(STATUSES),
  upstreamStatus: z.optional(z.string()),
  startedAt: z.optional(z.string()),
  endedAt: z.optional(z.string()),
  redriveCount: z.optional(z.number()),
  archivedAt: z.string(),
  finalAt: z.optional(z.string()),
  expiresAt: z.optional(z.string()),
  count: z.number(),
  from: z.enum(['source', 'import']),
});

type IndexRecord = z.infer<typeof recordSchema>;

const flowSchema = z.object({
  v: z.literal(INDEX_VERSION),
  source: z.string(),
  flow: z.string(),
  expiresAt: z.optional(z.string()),
});

export type FlowRecord = z.infer<typeof flowSchema>;

/** An archived execution as lists show it. Times are ISO 8601. */
export interface IndexedExecution extends ExecutionName {
  /** Absent if the execution belongs to no flow, or is the child of a map run. */
  readonly flow?: string;
  /** The execution's name within the flow. */
  readonly name?: string;
  readonly status: Status;
  readonly upstreamStatus?: string;
  /**
   * For Step Functions exactly the `startDate`, so that the execution has the same place here as in the
   * upstream's list.
   */
  readonly startedAt?: string;
  readonly endedAt?: string;
  readonly redriveCount?: number;
  readonly archivedAt: string;
  /** `finalAt`, `count` and `from`: see `ArchiveHead`. */
  readonly finalAt?: string;
  readonly count: number;
  readonly from: ArchiveHead['from'];
}

/** An execution's entry in the index. */
export interface IndexEntry {
  readonly key: string;
  readonly json: string;
  /** When the archive, and the entry with it, expires. */
  readonly expiresAtMs?: number;
}

export const groupPrefix = ({ source, flow }: IndexGroup): string =>
  `${INDEX_PREFIX}${source}/${flow === undefined ? NO_FLOW : idPart(flow)}/`;

export const flowKey = ({ source, flow }: Pick<FlowRef, 'source' | 'flow'>): string =>
  `${FLOW_PREFIX}${source}/${idPart(flow)}`;

function groupOf(ref: ExecutionRef, mapRunArn: string | undefined): IndexGroup {
  const { source, arn } = ref;
  if (arn && isMapRunChild(ref)) {
    return { source, flow: mapRunArn ?? statesArn(arn, 'execution', labelledMachine(arn)) };
  }
  const flow = flowOf(ref)?.flow;
  return flow === undefined ? { source } : { source, flow };
}

/** Makes the entry of an archived execution. */
export function indexEntryOf(ref: ExecutionRef, head: ArchiveHead): IndexEntry {
  const record = recordOf(ref, head);
  const { startedAt, expiresAt } = record;
  const group = groupOf(ref, head.upstream?.mapRunArn);
  return {
    key: `${groupPrefix(group)}${orderKey(startedAt, ref.executionId)}`,
    json: JSON.stringify(record),
    ...(expiresAt !== undefined && { expiresAtMs: Date.parse(expiresAt) }),
  };
}

/** Facts reported by the source take precedence over facts taken from the messages. */
function recordOf({ source, executionId }: ExecutionRef, head: ArchiveHead): IndexRecord {
  const { generation, status, count, from, archivedAt, finalAt, expiresAt, upstream = {} } = head;
  const { status: upstreamStatus, redriveCount } = upstream;
  const startedAt = upstream.startedAt ?? head.startedAt;
  const endedAt = upstream.endedAt ?? head.endedAt;
  return {
    v: INDEX_VERSION,
    source,
    executionId,
    generation,
    status,
    ...(upstreamStatus !== undefined && { upstreamStatus }),
    ...(startedAt !== undefined && { startedAt }),
    ...(endedAt !== undefined && { endedAt }),
    ...(redriveCount !== undefined && { redriveCount }),
    archivedAt,
    ...(finalAt !== undefined && { finalAt }),
    ...(expiresAt !== undefined && { expiresAt }),
    count,
    from,
  };
}

/**
 * Returns the flow whose list contains this execution. Undefined for the child of a map run, and for an
 * execution that belongs to no flow.
 */
export const listedFlowOf = (ref: ExecutionRef): FlowRef | undefined =>
  isMapRunChild(ref) ? undefined : flowOf(ref);

export const flowRecordJson = ({ source, flow }: FlowRef, expiresAtMs: number | undefined): string => {
  const record: FlowRecord = {
    v: INDEX_VERSION,
    source,
    flow,
    ...(expiresAtMs !== undefined && { expiresAt: new Date(expiresAtMs).toISOString() }),
  };
  return JSON.stringify(record);
};

/** Returns what to store for a record: metadata if the record is small enough, otherwise a value. */
export const stored = (json: string): { readonly value: string; readonly metadata?: unknown } =>
  new TextEncoder().encode(json).length <= METADATA_BYTES_MAX
    ? { value: '', metadata: JSON.parse(json) }
    : { value: json };

/** Parses an execution's record. Undefined if the record is damaged, of a newer version, or expired. */
export function parseIndexRecord(record: unknown, nowMs: number): IndexedExecution | undefined {
  const { data } = z.safeParse(recordSchema, record);
  if (!data || Date.parse(data.expiresAt ?? '') <= nowMs) return undefined;
  return indexedOf(restoreExecutionRef(data), data);
}

/** Returns the facts that an index entry has, but takes them from the head of an archive. */
export const indexedExecutionOf = (ref: ExecutionRef, head: ArchiveHead): IndexedExecution =>
  indexedOf(ref, recordOf(ref, head));

function indexedOf(ref: ExecutionRef, record: IndexRecord): IndexedExecution {
  const { v: _v, generation: _generation, expiresAt: _expiresAt, ...facts } = record;
  // Safety: zod's optional members allow an explicit undefined, which JSON cannot contain.
  return { ...facts, ...namesOf(ref) } as IndexedExecution;
}

export const parseFlowRecord = (record: unknown): FlowRecord | undefined =>
  z.safeParse(flowSchema, record).data;

/** Returns the flow that a record names. */
export const flowOfRecord = ({ flow }: FlowRecord): FlowRef | undefined => parseFlowRef(flow);

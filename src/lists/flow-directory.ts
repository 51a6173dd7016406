/**
 * Lists the flows that exist: the state machines of all places (account and region) in the settings, and the
 * flows that have archived executions. A key sees a flow if the key may read some of the flow's executions.
 * Places that the key's patterns cannot match are not read. All readers in an isolate share each result for
 * half a minute.
 */
import { mayReadFlow, mayReadPlace } from '../access/keys/flow-pattern.ts';
import type { Clock } from '../core/clock.ts';
import { type Result, type SourceFailure, fail, ok } from '../core/errors.ts';
import { type FlowRef, parseFlowRef } from '../core/flow-ref.ts';
import type { ListingSource, Place } from '../sources/listing-source.ts';
import type { ArchiveIndex } from './archived-part.ts';
import type { FlowsPage, FlowsRequest, ListedFlow } from './lists.ts';
import { SharedReading } from './shared-reading.ts';
import { isBrief } from './upstream-failures.ts';

/**
 * A new flow appears after this long at the latest. That is soon enough, because flows are created by
 * deployments.
 */
export const FLOWS_FRESH_MS = 30_000;
/** How long an incomplete result is shared. */
export const FLOWS_RETRY_MS = 5_000;
/** How many upstream pages of 1,000 are read for one place. AWS allows 10,000 state machines. */
const PLACE_PAGES_MAX = 20;
/** How many pages of the archive's flows are read. */
const ARCHIVE_PAGES_MAX = 20;
const ARCHIVE_PAGE = 1_000;
/** After matching this many flows against the patterns, yield to other requests. */
const TRIED_AT_ONCE = 500;

export interface FlowDirectoryOptions {
  readonly sources: readonly ListingSource[];
  readonly index: ArchiveIndex;
  readonly clock: Clock;
}

interface Found {
  /** Unique. Flows are listed in the order of these keys. */
  readonly key: string;
  readonly flow: FlowRef;
  readonly members?: Readonly<Record<string, unknown>>;
  /** Whether the flow's executions can be listed. */
  readonly isListed: boolean;
}

/** The result of reading one place or the archive. If `isPartial`, more flows might exist. */
interface Reading {
  readonly found: readonly Found[];
  readonly failure?: SourceFailure;
  readonly isPartial: boolean;
}

/** The result if another request's reading takes too long. */
const UNREAD: Reading = {
  found: [],
  failure: {
    type: 'upstream-throttled',
    internal: 'the flows are still being read',
    retryAfterSeconds: FLOWS_RETRY_MS / 1_000,
  },
  isPartial: true,
};

const REPEATED_TOKEN: SourceFailure = {
  type: 'upstream-broken',
  internal: 'the upstream repeats a token of its list of flows',
};

/**
 * The request that does the reading. The reading continues even if this request is cancelled, because others
 * wait for the result.
 */
interface Reader {
  readonly tenant: string;
  readonly onAttempt: () => void;
}

export class FlowDirectory {
  readonly #clock: Clock;
  readonly #places: readonly { readonly place: Place; readonly reading: SharedReading<Reading, Reader> }[];
  readonly #archived: SharedReading<Reading, Reader>;

  constructor({ sources, index, clock }: FlowDirectoryOptions) {
    this.#clock = clock;
    const shared = (read: (reader: Reader) => Promise<Reading>) =>
      new SharedReading({
        clock,
        read,
        freshMsOf: ({ isPartial, failure }) => {
          // This failure concerns only the tenant that made the call, so do not share it.
          if (failure?.type === 'upstream-share-exceeded') return 0;
          return isPartial ? FLOWS_RETRY_MS : FLOWS_FRESH_MS;
        },
      });
    this.#places = sources.flatMap((source) =>
      source.places.map((place) => ({
        place,
        reading: shared((reader) => readPlace(source, place, reader)),
      })),
    );
    this.#archived = shared(() => readArchive(index));
  }

  async flows(request: FlowsRequest, signal?: AbortSignal): Promise<Result<FlowsPage>> {
    const { patterns, tenant, after = '', maxResults, upstreamRegion: region } = request;
    let upstreamCalls = 0;
    const reader = { tenant, onAttempt: () => void upstreamCalls++ };
    const wanted = this.#places.filter(
      ({ place }) => mayReadPlace(patterns, place) && (region === undefined || place.region === region),
    );
    const readings = await Promise.all(
      [...(region === undefined ? [this.#archived] : []), ...wanted.map(({ reading }) => reading)].map(
        async (reading) => (await reading.get(reader, signal)) ?? UNREAD,
      ),
    );
    // The upstream's flows come last and replace those of the archive, because only the upstream's have AWS's
    // members.
    const found = new Map(readings.flatMap((reading) => reading.found).map((flow) => [flow.key, flow]));
    const candidates = [...found.values()]
      .filter(({ key }) => key > after)
      .filter(({ flow, isListed, members }) =>
        region === undefined ? isListed : members !== undefined && flow.arn?.region === region,
      )
      .sort((a, b) => (a.key < b.key ? -1 : 1));
    const readable = await this.#readable(candidates, patterns, maxResults + 1);
    const listed = readable.slice(0, maxResults);
    const isPartial = readings.some((reading) => reading.isPartial);
    const brief = readings.find(({ failure }) => failure && isBrief(failure))?.failure;
    if (brief && listed.length === 0) return fail(brief);
    const last = listed.at(-1);
    return ok({
      flows: listed.map((one) => listedFlow(one, region !== undefined)),
      ...(readable.length > maxResults && last && { next: last.key }),
      ...(isPartial && { partial: true }),
      upstreamCalls,
    });
  }

  async #readable(
    candidates: readonly Found[],
    patterns: readonly string[],
    enough: number,
  ): Promise<readonly Found[]> {
    const readable: Found[] = [];
    for (const [index, candidate] of candidates.entries()) {
      if (index % TRIED_AT_ONCE === TRIED_AT_ONCE - 1) await this.#clock.turn();
      if (mayReadFlow(patterns, candidate.flow)) readable.push(candidate);
      if (readable.length >= enough) break;
    }
    return readable;
  }
}

const foundOf = (flow: FlowRef, isListed: boolean, members?: Readonly<Record<string, unknown>>): Found => ({
  key: `${flow.source}/${flow.flow}`,
  flow,
  isListed,
  ...(members && { members }),
});

function listedFlow({ flow: { flow, source, name }, members }: Found, wantsMembers: boolean): ListedFlow {
  return { flow, source, name, ...(wantsMembers && members && { members }) };
}

async function readPlace(
  source: ListingSource,
  place: Place,
  { tenant, onAttempt }: Reader,
): Promise<Reading> {
  const found: Found[] = [];
  const options = { origin: { class: 'reader', tenant } as const, onAttempt };
  const tokens = new Set<string>();
  let token: string | undefined;
  for (let pages = 0; pages < PLACE_PAGES_MAX; pages++) {
    const page = await source.listFlows(place, token, options);
    if (!page.ok) return { found, failure: page.failure, isPartial: true };
    const { flows, nextToken } = page.value;
    for (const { flow, type, members } of flows) {
      // Step Functions cannot list executions of EXPRESS state machines.
      const ref = parseFlowRef(flow);
      if (ref) found.push(foundOf(ref, type !== 'EXPRESS', members));
    }
    if (nextToken === undefined) return { found, isPartial: false };
    if (tokens.has(nextToken)) return { found, failure: REPEATED_TOKEN, isPartial: true };
    tokens.add(nextToken);
    token = nextToken;
  }
  return { found, isPartial: true };
}

async function readArchive(index: ArchiveIndex): Promise<Reading> {
  const found: Found[] = [];
  let cursor: string | undefined;
  for (let pages = 0; pages < ARCHIVE_PAGES_MAX; pages++) {
    const page = await index.flows({ limit: ARCHIVE_PAGE, ...(cursor !== undefined && { cursor }) });
    if (!page.ok) return { found, isPartial: true };
    found.push(...page.value.flows.map((flow) => foundOf(flow, true)));
    ({ cursor } = page.value);
    if (cursor === undefined) return { found, isPartial: !(await index.isComplete()) };
  }
  return { found, isPartial: true };
}

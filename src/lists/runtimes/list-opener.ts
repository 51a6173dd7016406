/**
 * Creates lists for a runtime. Each is a flow's list with its live lists, built from parts that all lists of
 * an isolate or process share.
 */
import type { Clock } from '../../core/clock.ts';
import type { Failure } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { KeyAnswer } from '../../executions/following/stream-key.ts';
import type { ListingSource } from '../../sources/listing-source.ts';
import type { Source } from '../../sources/source.ts';
import type { ArchiveIndex } from '../archived-part.ts';
import { FlowList } from '../flow-list.ts';
import { ListFrames } from '../live/list-frames.ts';
import { LiveList } from '../live/live-list.ts';
import { createListMemory } from '../upstream-list.ts';
import { nameOf } from '../lists.ts';
import { type OpenList, listNames } from './open-list.ts';

export interface ListOpenerOptions {
  /**
   * Lists the executions of this source's flows. For flows of other sources, only archived executions are
   * listed.
   */
  readonly listing: ListingSource;
  /**
   * Describes an execution of the same upstream. Live lists use it for running executions that are not on the
   * newest page.
   */
  readonly describe?: Source['describe'];
  readonly index: ArchiveIndex;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  /** Checks whether the key of an open live list may still read it. */
  readonly stillAllowed: (grant: unknown) => Promise<KeyAnswer>;
  /** Passed in from http/, so that streams and other responses describe problems in the same way. */
  readonly problemJson: (failure: Failure) => string;
}

export function createListOpener(options: ListOpenerOptions): OpenList {
  const { listing, describe, index, clock, random, log, stillAllowed, problemJson } = options;
  const memory = createListMemory();
  const frames = new ListFrames(problemJson);
  return (of, { storage, wake }) => {
    const isLive = nameOf(of)[0] === listing.name;
    const upstream = { source: listing, ...(describe && { describe }) };
    const feed = new FlowList({ of, ...(isLive && upstream), index, storage, memory, clock, log });
    return new LiveList({
      names: listNames(of),
      feed,
      frames,
      clock,
      random,
      log,
      wake,
      checkGrant: stillAllowed,
    });
  };
}

/**
 * Archives the history of one Execution: remembers the head of the archive, walks the history after its
 * settle time, retries after a failure of the store, imports, deletes, and removes replaced pages. These run
 * one at a time; only the body of an import is read meanwhile. Its parts: settle-schedule.ts (when a walk is
 * due), settling.ts (the walk), page-deletions.ts, index-upkeep.ts.
 */
import * as z from 'zod/mini';

import { type ExecutionRef, logNames } from '../../core/execution-ref.ts';
import { type ArchiveHead, archiveHeadSchema, isFinal } from '../../archive/archive-head.ts';
import type { ArchiveWriter } from '../../archive/archive-writer.ts';
import type { Archive, ArchivedHistory } from '../../archive/archive.ts';
import type { Clock } from '../../core/clock.ts';
import { type Result, fail, ok } from '../../core/errors.ts';
import { faultText } from '../../core/exception-text.ts';
import type { Log } from '../../core/log.ts';
import { SerialQueue } from '../../core/serial-queue.ts';
import type { Status } from '../../messages/event-types.ts';
import type { ExecutionStorage } from '../execution-storage.ts';
import { type ImportedHistory, importHistory } from '../../imports/history-import.ts';
import { IndexUpkeep } from './index-upkeep.ts';
import { PageDeletions } from './page-deletions.ts';
import { SettleSchedule } from './settle-schedule.ts';
import { type SettleOptions, type SettledHistory, settleHistory, settlesAtMs } from './settling.ts';
import { needsUpgrade, upgradeArchive } from './upgrading.ts';
import { type UpstreamHistory } from '../upstream/upstream-history.ts';
import { type KnownEnd, newTrace } from '../upstream/read-terms.ts';

export interface ArchivistOptions {
  readonly ref: ExecutionRef;
  readonly archive: Archive;
  readonly storage: ExecutionStorage;
  readonly upstream: UpstreamHistory;
  /** How long after its end an unsuccessful execution of this source can be redriven. */
  readonly redrivableMs?: number;
  readonly clock: Clock;
  readonly log: Log;
  /** See `SettleOptions`. */
  readonly describe: SettleOptions['describe'];
  /** The history was archived, settled, replaced or forgotten: its readers look again. */
  readonly onChange: () => void;
  /** `dueAtMs` may be earlier now. */
  readonly onDueChanged: () => void;
}

/** A complete history: archived, or walked after its settle time. */
export interface Settled {
  readonly status: Status;
  /** It cannot be redriven any more. */
  readonly final: boolean;
  readonly count: number;
}

export class Archivist {
  readonly #options: ArchivistOptions;
  #archived: ArchivedHistory | undefined;
  /** Settled, but the store failed. */
  #settled: SettledHistory | undefined;
  readonly #schedule = new SettleSchedule();
  /** When an archive of an older version is upgraded. */
  #upgradeAtMs = 0;
  #archiving = false;
  /** Head of the distrusted archive. */
  #superseded: ArchiveHead | undefined;
  readonly #deletions: PageDeletions;
  readonly #index: IndexUpkeep;
  /** Ends each import that is reading its body. */
  readonly #imports = new Set<AbortController>();
  /** Walks, imports, deletions. */
  readonly #work = new SerialQueue();

  constructor(options: ArchivistOptions) {
    this.#options = options;
    this.#deletions = new PageDeletions(options);
    this.#index = new IndexUpkeep(options);
  }

  /** Loads what was stored before. Throws what the storage throws. */
  async load(): Promise<void> {
    const { storage, archive, ref } = this.#options;
    const head = z.safeParse(archiveHeadSchema, await storage.get('head')).data;
    // Executions that can be redriven, or whose archive is to be upgraded, bypass archive-first. Without a
    // stored head, load it from the archive instead of walking again.
    this.#archived = head ? archive.open(ref, head) : await archive.find(ref);
    await this.#deletions.load();
    await this.#index.load();
  }

  get archived(): ArchivedHistory | undefined {
    return this.#archived;
  }

  get settled(): Settled | undefined {
    const known = this.#archived?.head ?? this.#settled;
    return (
      known && { status: known.status, count: known.count, final: isFinal(known, this.#options.clock.now()) }
    );
  }

  /** The settled history, if it may be redriven. */
  get redrivable(): ArchiveHead | SettledHistory | undefined {
    const known = this.#archived?.head ?? this.#settled;
    return known && !isFinal(known, this.#options.clock.now()) ? known : undefined;
  }

  /** When `tick` has something to do, in clock milliseconds. */
  dueAtMs(): number {
    const upgradeAtMs = needsUpgrade(this.#archived) ? this.#upgradeAtMs : Infinity;
    const { dueAtMs } = this.#schedule;
    return Math.min(dueAtMs, upgradeAtMs, this.#deletions.dueAtMs(), this.#index.dueAtMs());
  }

  /** Resolves when no work is in progress. */
  get idle(): Promise<unknown> {
    return this.#work.idle;
  }

  /** Takes the end as just read: a terminal message starts the settle time, anything else stops it. */
  endSeen(end: KnownEnd | undefined): void {
    const isWalked = this.#archiving || this.#settled !== undefined;
    this.#schedule.endSeen(end, this.#options.clock.now(), isWalked);
  }

  /** Ignores an unreadable or outdated archive. It is replaced once the history has been read again. */
  distrust(archived: ArchivedHistory): void {
    if (this.#archived !== archived) return;
    this.#archived = undefined;
    this.#superseded = archived.head;
  }

  /** The redrivable execution was redriven: it is not settled any more. */
  markRedriven(known: ArchiveHead | SettledHistory): void {
    if (this.#archived?.head === known) this.distrust(this.#archived);
    if (this.#settled === known) this.#settled = undefined;
  }

  /** A reader asks while the archive is still missing: schedules a retry, unless one was made recently. */
  retryForReader(): void {
    if (!this.#archiving) this.#schedule.retryForReader(this.#options.clock.now());
  }

  /** Starts what is due, in the background. */
  tick(): void {
    const now = this.#options.clock.now();
    if (this.#schedule.dueAtMs <= now) this.#archive();
    if (needsUpgrade(this.#archived) && this.#upgradeAtMs <= now) this.#upgrade(this.#archived);
    if (this.#deletions.dueAtMs() <= now) this.#inBackground(this.#deletions.takeDue());
    if (this.#index.dueAtMs() <= now) this.#inBackground(this.#index.takeDue());
  }

  /** Replaces the archive with an exported history. A slow body delays nothing else; `forget` ends it. */
  async importHistory(body: ReadableStream<Uint8Array>): Promise<Result<ImportedHistory>> {
    const { archive, ref, clock } = this.#options;
    const forgotten = new AbortController();
    this.#imports.add(forgotten);
    const writer = archive.writer(ref, this.#deletions);
    const imported = await importHistory({
      writer,
      body,
      clock,
      signal: forgotten.signal,
      commit: (write) => this.#work.run(() => this.#replace(writer, write)),
    });
    this.#imports.delete(forgotten);
    return imported;
  }

  /** Deletes the archive and everything stored. What the source still has can be read and archived again. */
  forget(): Promise<Result<{ archived: boolean }>> {
    for (const running of this.#imports) running.abort();
    return this.#work.run(async () => {
      const { archive, ref, storage, upstream, onChange } = this.#options;
      try {
        const visible = await this.#visibleHead();
        if (visible) await this.#index.plan(undefined, visible);
        // The store's list may lag, so pages are deleted again later. A full store must not prevent this.
        if (visible) await this.#deletions.plan(visible.generation).catch(this.#logFailure);
        if (visible) await this.#index.keep().catch(this.#logFailure);
        await archive.forget(ref);
        await storage.delete(['head']);
        this.#archived = this.#settled = this.#superseded = undefined;
        this.#schedule.stop();
        await upstream.clear();
        onChange();
        await this.#index.settle(undefined);
        return ok({ archived: visible !== undefined });
      } catch (error) {
        return fail({ type: 'store-unavailable', internal: `forget: ${faultText(error)}` });
      }
    });
  }

  #archive(): void {
    const { upstream, clock, archive, ref, log, describe, onChange, redrivableMs } = this.#options;
    const redrive = redrivableMs === undefined ? {} : { redrivableMs };
    const notBeforeMs = settlesAtMs(upstream.end, this.#schedule.endSeenAtMs ?? clock.now());
    this.#schedule.begin();
    if (notBeforeMs === undefined || this.#archiving) return;
    this.#archiving = true;
    this.#inBackground(async () => {
      // An import or a deletion ran first: there is nothing to archive any more.
      if (this.#schedule.endSeenAtMs === undefined) {
        this.#archiving = false;
        return;
      }
      const writer = archive.writer(ref, this.#deletions);
      const settled = await settleHistory({
        upstream,
        writer,
        clock,
        notBeforeMs,
        describe,
        ...redrive,
        commit: (write) => this.#replace(writer, write),
      });
      this.#archiving = false;
      if (typeof settled === 'string') {
        log({ event: 'archive-postponed', level: 'warn', ...logNames(ref), reason: settled });
        this.#schedule.retryLater(clock.now());
      } else if (settled.head) {
        const { count: messages, upstreamCalls } = settled;
        log({ event: 'archived', ...logNames(ref), messages, upstreamCalls });
      } else {
        const { storeFailure: reason } = settled;
        log({ event: 'archive-write-failed', level: 'error', ...logNames(ref), reason });
        this.#settled = settled;
        this.#schedule.retryLater(clock.now());
        onChange();
      }
    });
  }

  #upgrade(archived: ArchivedHistory): void {
    const { archive, ref, log, describe } = this.#options;
    // Tried once each time that this Execution is loaded, even if it fails.
    this.#upgradeAtMs = Infinity;
    this.#inBackground(async () => {
      if (this.#archived !== archived) return;
      const writer = archive.writer(ref, this.#deletions);
      await upgradeArchive({
        archived,
        writer,
        describe: () => describe(newTrace({ class: 'background' })),
        commit: (write) => {
          if (this.#archived !== archived) throw new Error('the archive was replaced');
          return this.#replace(writer, write);
        },
      });
      log({ event: 'archive-upgraded', ...logNames(ref), messages: archived.head.count });
    });
  }

  /** Writes the head, which makes a new generation visible, and plans the deletion of the previous one. */
  async #replace({ generation }: ArchiveWriter, write: () => Promise<ArchiveHead>): Promise<ArchiveHead> {
    // Planned before the replacement, so that a crash leaks nothing. A visible generation is kept.
    const old = await this.#visibleHead();
    if (old) await this.#deletions.plan(old.generation);
    await this.#index.plan(generation, old);
    await this.#index.keep();
    const head = await write();
    await this.#nowArchived(head);
    // Readers have the archive anyway. The index is repaired later.
    await this.#index.settle(head).catch(this.#logFailure);
    return head;
  }

  /** The head that this Execution knows, or else the one in the store. Throws when the store fails. */
  async #visibleHead(): Promise<ArchiveHead | undefined> {
    const { archive, ref } = this.#options;
    return this.#archived?.head ?? this.#superseded ?? (await archive.visibleHead(ref));
  }

  async #nowArchived(head: ArchiveHead): Promise<void> {
    const { archive, ref, storage, upstream, onChange } = this.#options;
    this.#superseded = undefined;
    // A copy of the head, so that KV's delay does not cause another walk.
    await storage.put('head', head);
    archive.remember(ref, head);
    this.#archived = archive.open(ref, head);
    this.#settled = undefined;
    this.#schedule.stop();
    await upstream.clear();
    onChange();
  }

  /** Runs work that has no caller: its failure goes to the log. */
  #inBackground(work: () => Promise<void>): void {
    void this.#work.run(work).catch((error: unknown) => {
      this.#archiving = false;
      this.#logFailure(error);
    });
  }

  readonly #logFailure = (error: unknown): void => {
    const { log, ref } = this.#options;
    log({ event: 'background-work-failed', level: 'error', ...logNames(ref), reason: faultText(error) });
  };
}

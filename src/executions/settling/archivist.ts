/**
 * Maintains the archive of one execution. Walks the history after its settle time, archives it, and retries
 * if the store fails. Also imports and deletes histories. All this runs one at a time; only the bodies of
 * imports are read in parallel. Its parts: settle-schedule.ts (when a walk is due), settling.ts (the walk),
 * page-deletions.ts, index-upkeep.ts.
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
  /** Called when the history was archived, settled, replaced or deleted. */
  readonly onChange: () => void;
  /** Called when `dueAtMs` may have become earlier. */
  readonly onDueChanged: () => void;
}

/** A complete history: archived, or walked after its settle time. */
export interface Settled {
  readonly status: Status;
  /** True if the execution can no longer be redriven. */
  readonly final: boolean;
  readonly count: number;
}

export class Archivist {
  readonly #options: ArchivistOptions;
  #archived: ArchivedHistory | undefined;
  /** The settled history, if the store failed when it was to be archived. */
  #settled: SettledHistory | undefined;
  readonly #schedule = new SettleSchedule();
  /** When to upgrade an archive that an older version wrote. */
  #upgradeAtMs = 0;
  #archiving = false;
  /** The head of the archive that is ignored after `distrust`. */
  #superseded: ArchiveHead | undefined;
  readonly #deletions: PageDeletions;
  readonly #index: IndexUpkeep;
  /** One for each import that is reading its body. Aborting it ends the import. */
  readonly #imports = new Set<AbortController>();
  /** The queue of walks, imports and deletions. */
  readonly #work = new SerialQueue();

  constructor(options: ArchivistOptions) {
    this.#options = options;
    this.#deletions = new PageDeletions(options);
    this.#index = new IndexUpkeep(options);
  }

  /** Loads the stored state. Throws if the storage throws. */
  async load(): Promise<void> {
    const { storage, archive, ref } = this.#options;
    const head = z.safeParse(archiveHeadSchema, await storage.get('head')).data;
    // Archives that are redrivable or must be upgraded are served here, not by archive-first. Without a
    // stored head, find the archive instead of walking the history again.
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

  /** The settled history, if the execution can still be redriven. */
  get redrivable(): ArchiveHead | SettledHistory | undefined {
    const known = this.#archived?.head ?? this.#settled;
    return known && !isFinal(known, this.#options.clock.now()) ? known : undefined;
  }

  /** When to call `tick` next, in clock milliseconds. */
  dueAtMs(): number {
    const upgradeAtMs = needsUpgrade(this.#archived) ? this.#upgradeAtMs : Infinity;
    const { dueAtMs } = this.#schedule;
    return Math.min(dueAtMs, upgradeAtMs, this.#deletions.dueAtMs(), this.#index.dueAtMs());
  }

  /** Resolves when no work is in progress. */
  get idle(): Promise<unknown> {
    return this.#work.idle;
  }

  /** See `SettleSchedule`. */
  endSeen(end: KnownEnd | undefined): void {
    const isWalked = this.#archiving || this.#settled !== undefined;
    this.#schedule.endSeen(end, this.#options.clock.now(), isWalked);
  }

  /** Ignores an unreadable or outdated archive. It is replaced after the history has been read again. */
  distrust(archived: ArchivedHistory): void {
    if (this.#archived !== archived) return;
    this.#archived = undefined;
    this.#superseded = archived.head;
  }

  /** Called when the execution was redriven. The execution then no longer counts as settled. */
  markRedriven(known: ArchiveHead | SettledHistory): void {
    if (this.#archived?.head === known) this.distrust(this.#archived);
    if (this.#settled === known) this.#settled = undefined;
  }

  /** See `SettleSchedule`. */
  retryForReader(): void {
    if (!this.#archiving) this.#schedule.retryForReader(this.#options.clock.now());
  }

  /** Starts the work that is due, in the background. */
  tick(): void {
    const now = this.#options.clock.now();
    if (this.#schedule.dueAtMs <= now) this.#archive();
    if (needsUpgrade(this.#archived) && this.#upgradeAtMs <= now) this.#upgrade(this.#archived);
    if (this.#deletions.dueAtMs() <= now) this.#inBackground(this.#deletions.takeDue());
    if (this.#index.dueAtMs() <= now) this.#inBackground(this.#index.takeDue());
  }

  /** Replaces the archive with an exported history. A slow body delays no other work. `forget` aborts it. */
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

  /** Deletes the archive and all stored state. What the source still has can be archived again later. */
  forget(): Promise<Result<{ archived: boolean }>> {
    for (const running of this.#imports) running.abort();
    return this.#work.run(async () => {
      const { archive, ref, storage, upstream, onChange } = this.#options;
      try {
        const visible = await this.#visibleHead();
        if (visible) await this.#index.plan(undefined, visible);
        // The store's list of pages can lag, so plan another deletion. Continue even if that fails.
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
      // An import or a deletion ran first. Nothing is left to archive.
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
    // Try only once after each load of this Execution, even if that try fails.
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

  /** Makes a new generation visible by writing its head. Plans the deletion of the previous one. */
  async #replace({ generation }: ArchiveWriter, write: () => Promise<ArchiveHead>): Promise<ArchiveHead> {
    // The deletion is planned first, so that a crash leaves no pages behind. If the old generation stays
    // visible, it is not deleted.
    const old = await this.#visibleHead();
    if (old) await this.#deletions.plan(old.generation);
    await this.#index.plan(generation, old);
    await this.#index.keep();
    const head = await write();
    await this.#nowArchived(head);
    // Readers can use the archive even if this fails. The index is repaired later.
    await this.#index.settle(head).catch(this.#logFailure);
    return head;
  }

  /** Returns the head that this Execution knows, or the one in the store. Throws if the store fails. */
  async #visibleHead(): Promise<ArchiveHead | undefined> {
    const { archive, ref } = this.#options;
    return this.#archived?.head ?? this.#superseded ?? (await archive.visibleHead(ref));
  }

  async #nowArchived(head: ArchiveHead): Promise<void> {
    const { archive, ref, storage, upstream, onChange } = this.#options;
    this.#superseded = undefined;
    // Store a copy of the head, because KV can show the new one late.
    await storage.put('head', head);
    archive.remember(ref, head);
    this.#archived = archive.open(ref, head);
    this.#settled = undefined;
    this.#schedule.stop();
    await upstream.clear();
    onChange();
  }

  /** Runs work that no caller waits for. Logs its failure. */
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

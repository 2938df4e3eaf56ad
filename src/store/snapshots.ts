/**
 * Snapshots bound the time of a start and let old journal values go. A pass writes what changed since the last one, in slices so that
 * the event loop is never held up, and then the commit up to which everything is written. It may catch rows and states that are
 * newer than that commit: folding the journal over them again changes nothing (states go by time, rows are replaced whole).
 *
 * What is to be erased for good is taken out of the journal by the same passes, once it is in no commit that a start would replay.
 * Retention drops journal values only up to the last completed pass, so current state and registry never depend on what is dropped.
 */
import type { Clock, Timer } from '../clock.js';
import { snapshotOf } from '../domain/state.js';
import type { Eraser, Erasure } from './claims/erasure.js';
import type { Engine, TableKey } from './engine.js';
import { writtenAtOf } from './entries.js';
import { decodeSeqs, encodeSeqs, lastSeqOf } from './history.js';
import type { RowChange } from './rows.js';
import type { Store } from './store.js';
import { markKey, type SnapshotMark, Table } from './tables.js';
import type { UnitEntry } from './units.js';

export interface SnapshotOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** Versions of the protocols' decoders, written with each pass. */
  readonly decoderVersions: Readonly<Record<string, number>>;
  readonly retention: Retention;
  readonly eraser?: Eraser;
  /** Told when a pass fails; the next one tries again. */
  readonly onError: (error: unknown) => void;
}

/** What the journal keeps of the past. 0 means without limit. */
export interface Retention {
  readonly maxAgeMs: number;
  readonly maxBytes: number;
}

const checkPeriodMs = 1000;
const longestPauseMs = 60_000;
/** Without anything to write, a pass only looks for what retention lets go. */
const retentionPauseMs = 3_600_000;
/** A pass is due when this much was written: it bounds what a start has to replay. */
const replayLimitBytes = 64 * 1024 * 1024;
const sliceItems = 256;
/** Commits in one index row. */
const fullIndexRow = 256;
/** Most journal values one pass drops; the next pass goes on. */
const maxDropsPerPass = 100_000;

export class Snapshots {
  readonly #options: SnapshotOptions;
  readonly #engine: Engine;
  #cursor: number;
  #keptBytes: number;
  #lastPassAtMs: number;
  #running: Promise<void> | undefined;
  #isStopping = false;
  #timer: Timer | undefined;

  constructor(options: SnapshotOptions, mark: SnapshotMark | undefined) {
    this.#options = options;
    this.#engine = options.store.engine;
    this.#cursor = mark?.cursor ?? 0;
    this.#keptBytes = mark?.keptBytes ?? 0;
    this.#lastPassAtMs = options.clock.monotonicMs();
  }

  start(): void {
    this.#timer = this.#options.clock.every(checkPeriodMs, () => {
      if (this.#isDue()) void this.run();
    });
  }

  /** Stops the timer and waits for a pass that is under way. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#timer?.cancel();
    await this.#running;
  }

  /** Runs one pass; joins the one under way. */
  run(): Promise<void> {
    this.#running ??= this.#pass()
      .catch((error: unknown) => this.#options.onError(error))
      .finally(() => {
        this.#running = undefined;
      });
    return this.#running;
  }

  #isDue(): boolean {
    const { store, clock } = this.#options;
    if (store.bytesSinceSnapshot >= replayLimitBytes) return true;
    const isIdle = store.units.dirtyCount === 0 && store.bytesSinceSnapshot === 0;
    return clock.monotonicMs() - this.#lastPassAtMs >= (isIdle ? retentionPauseMs : longestPauseMs);
  }

  async #pass(): Promise<void> {
    const { store, clock, eraser } = this.#options;
    this.#lastPassAtMs = clock.monotonicMs();
    const erasures = this.#isStopping ? undefined : await eraser?.due();
    const cursor = store.committedSeq;
    const writtenBytes = store.bytesSinceSnapshot;
    const rows = store.takeDirtyRows();
    const units = store.units.takeDirty();
    try {
      await inSlices(rows, (change) => this.#writeRow(change));
      await inSlices(units, (unit) => this.#writeUnit(unit, cursor));
    } catch (error) {
      store.returnDirtyRows(rows, writtenBytes);
      for (const unit of units) store.units.touch(unit);
      throw error;
    }
    this.#cursor = cursor;
    this.#keptBytes += writtenBytes;
    await this.#writeMark();
    if (erasures !== undefined) await this.#erase(erasures);
    await this.#retain();
  }

  async #erase(erasures: readonly Erasure[]): Promise<void> {
    await this.#options.eraser?.erase(erasures, {
      cursor: this.#cursor,
      isStopping: () => this.#isStopping,
      shrinks: (sizeBytes) => {
        this.#keptBytes -= sizeBytes;
        return this.#writeMark();
      },
    });
  }

  async #writeRow({ table, id, row }: RowChange): Promise<void> {
    if (row === null) await this.#engine.delete(Table.rows, [table, id]);
    else await this.#engine.put(Table.rows, [table, id], Buffer.from(JSON.stringify(row)));
  }

  async #writeUnit(unit: UnitEntry, cursor: number): Promise<void> {
    const indexed = unit.seqs.filter((seq) => seq <= cursor);
    if (indexed.length > 0) {
      await this.#index(unit, indexed);
      unit.seqs = unit.seqs.filter((seq) => seq > cursor);
      if (unit.seqs.length > 0) this.#options.store.units.touch(unit);
    }
    await this.#engine.put(Table.units, [unit.sourceId], Buffer.from(JSON.stringify(snapshotOf(unit.state))));
  }

  /** Adds to the unit's open index row, so that passes in quick succession do not leave one row each. */
  async #index(unit: UnitEntry, seqs: readonly number[]): Promise<void> {
    const key = [unit.sourceId, unit.indexRow ?? (seqs[0] as number)] as const;
    const all = unit.indexRow === undefined ? [...seqs] : [...this.#indexed(key), ...seqs];
    await this.#engine.put(Table.index, key, encodeSeqs(all));
    unit.indexRow = all.length < fullIndexRow ? key[1] : undefined;
  }

  #indexed(key: readonly [number, number]): readonly number[] {
    for (const { value } of this.#engine.rows(Table.index, key)) return decodeSeqs(value);
    return [];
  }

  async #writeMark(): Promise<void> {
    const mark: SnapshotMark = {
      cursor: this.#cursor,
      decoderVersions: this.#options.decoderVersions,
      keptBytes: this.#keptBytes,
    };
    await this.#engine.put(Table.meta, markKey, Buffer.from(JSON.stringify(mark)));
  }

  /** Drops what is too old or too much, oldest first, and then the index entries that point to nothing any more. */
  async #retain(): Promise<void> {
    let last = 0;
    for (let count = 0; count < maxDropsPerPass; count += sliceItems) {
      const { seqs, sizeBytes } = this.#doomed();
      if (seqs.length === 0) break;
      this.#keptBytes -= sizeBytes;
      last = seqs.at(-1) as number;
      // Should a crash come between the two, a little too much is kept, and never too little.
      await this.#writeMark();
      await inSlices(seqs, (seq) => this.#engine.drop(seq));
    }
    if (last > 0) await this.#dropIndexBefore(last + 1);
  }

  /** The oldest values that retention lets go, a slice at most. */
  #doomed(): { readonly seqs: readonly number[]; readonly sizeBytes: number } {
    const { maxAgeMs, maxBytes } = this.#options.retention;
    const oldestMs = maxAgeMs === 0 ? Number.NEGATIVE_INFINITY : this.#options.clock.now() - maxAgeMs;
    const limitBytes = maxBytes === 0 ? Number.POSITIVE_INFINITY : maxBytes;
    const seqs: number[] = [];
    let sizeBytes = 0;
    for (const { seq, value } of this.#engine.read(0)) {
      const isKept = writtenAtOf(value) >= oldestMs && this.#keptBytes - sizeBytes <= limitBytes;
      if (isKept || seq > this.#cursor || seqs.length === sliceItems) break;
      seqs.push(seq);
      sizeBytes += value.length;
    }
    return { seqs, sizeBytes };
  }

  async #dropIndexBefore(firstKept: number): Promise<void> {
    await inSlices([...this.#options.store.units.all()], async ({ sourceId }) => {
      for (const key of this.#doomedIndex(sourceId, firstKept)) await this.#engine.delete(Table.index, key);
    });
  }

  #doomedIndex(sourceId: number, firstKept: number): TableKey[] {
    const doomed: TableKey[] = [];
    for (const { key, value } of this.#engine.rows(Table.index, [sourceId])) {
      if (lastSeqOf(value) >= firstKept) break;
      doomed.push(key);
    }
    return doomed;
  }
}

async function inSlices<T>(items: readonly T[], run: (item: T) => Promise<void>): Promise<void> {
  for (let at = 0; at < items.length; at += sliceItems) {
    await Promise.all(items.slice(at, at + sliceItems).map(run));
    await yieldToEvents();
  }
}

function yieldToEvents(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/**
 * The product's memory: registry and unit states, both folds over the journal. Frames become state, and registry changes are final,
 * when the commit that holds them is on disk; whoever waits is told then and not before.
 *
 * Registry changes show at once and are undone if their commit fails, so that ten thousand registrations need not wait for each other.
 */
import { createHash } from 'node:crypto';
import type { Clock } from '../clock.js';
import type { TripDetection, UnitState } from '../domain/state.js';
import { judgeTime, type TimeRules } from '../domain/time-rules.js';
import type { StateUpdate } from '../domain/update.js';
import { type ErrorCode, StoreError } from '../errors.js';
import type { Metrics } from '../metrics.js';
import { Batch, type CommitWaiter } from './batch.js';
import type { ChangedRow, Health, RegistryStore, StateStore, StoreChanges, Transaction } from './contract.js';
import type { Engine } from './engine.js';
import { EntryKind, type FrameToKeep } from './entries.js';
import { type CommitListener, Journal } from './journal.js';
import { keysInMemory } from './key-files.js';
import { unitsShowing } from './licensing/variables.js';
import { Registry } from './registry.js';
import type { PoisonRow, RowChange, RowId, TableName, Tables } from './rows.js';
import { SecretBox, type Secrets } from './secret-box.js';
import { type UnitEntry, Units } from './units.js';

export type { CommitWaiter } from './batch.js';

export interface StoreOptions {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly timeRules: TimeRules;
  readonly trips: TripDetection;
  /** Without it secrets can be read by this process only. */
  readonly secrets?: Secrets;
  /** Told when the journal starts to fail, and with nothing when it works again. */
  readonly onHealth?: (failure: StoreError | undefined) => void;
}

/** A frame that was read, with what it says. */
export interface Acceptance {
  readonly unit: UnitEntry;
  readonly protocol: string;
  readonly frame: FrameToKeep;
  readonly updates: readonly StateUpdate[];
  readonly waiter: CommitWaiter;
}

/** A frame that cannot be read is acknowledged when the same bytes have come this often. */
export const poisonArrivals = 3;
/** Most unreadable frames remembered for one source; the oldest goes first. */
const maxPoisonPerSource = 32;
/** One fills while the other is written. */
const keptBatches = 2;

export class Store implements RegistryStore, StateStore, StoreChanges, CommitListener {
  readonly registry = new Registry();
  readonly units = new Units();
  readonly engine: Engine;
  readonly secrets: Secrets;
  readonly #clock: Clock;
  readonly #metrics: Metrics;
  readonly #timeRules: TimeRules;
  readonly #trips: TripDetection;
  readonly #onHealth: (failure: StoreError | undefined) => void;
  readonly #batches = new Map<number, Batch>();
  readonly #spareBatches: Batch[] = [];
  readonly #listeners = new Set<(sourceIds: ReadonlySet<number>) => void>();
  readonly #rowListeners = new Set<(rows: readonly ChangedRow[]) => void>();
  #journal: Journal | undefined;
  #failure: StoreError | undefined;
  #dirtyRows = new Map<string, RowChange>();
  #committedSeq = 0;
  #bytesSinceSnapshot = 0;

  constructor(options: StoreOptions) {
    this.engine = options.engine;
    this.secrets = options.secrets ?? new SecretBox(keysInMemory());
    this.#clock = options.clock;
    this.#metrics = options.metrics;
    this.#timeRules = options.timeRules;
    this.#trips = options.trips;
    this.#onHealth = options.onHealth ?? (() => {});
  }

  /** Starts taking entries. Called once, after recovery has folded what the journal kept: `replayedBytes` are in no snapshot yet. */
  open(nextSeq: number, replayedBytes = 0): void {
    this.#committedSeq = nextSeq - 1;
    this.#bytesSinceSnapshot = replayedBytes;
    this.#journal = new Journal({ engine: this.engine, clock: this.#clock, listener: this, nextSeq });
  }

  get health(): Health {
    const problems = this.#failure === undefined ? [] : [`journal: ${this.#failure.message}`];
    return { ready: problems.length === 0 && this.#journal !== undefined, problems };
  }

  /** The newest commit that is on disk and folded. */
  get committedSeq(): number {
    return this.#committedSeq;
  }

  get bytesSinceSnapshot(): number {
    return this.#bytesSinceSnapshot;
  }

  get pendingBytes(): number {
    return this.#journal?.pendingBytes ?? 0;
  }

  /** True when the disk is so far behind that nothing more should be taken in for now. */
  get isFull(): boolean {
    return this.#journal?.isFull ?? true;
  }

  stateOf(sourceId: number): UnitState | undefined {
    return this.units.get(sourceId)?.state;
  }

  /** Adds a listener; returns what removes it. */
  onChange(listener: (sourceIds: ReadonlySet<number>) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The same for rows of the registry. */
  onRows(listener: (rows: readonly ChangedRow[]) => void): () => void {
    this.#rowListeners.add(listener);
    return () => this.#rowListeners.delete(listener);
  }

  /** Keeps a frame. Its records become state, and the waiter is told, when the commit returned is on disk. */
  accept(acceptance: Acceptance): number {
    const { unit, protocol, frame, updates, waiter } = acceptance;
    const seq = this.#openJournal().addFrame(frame);
    const batch = this.#batch(seq);
    batch.add(unit, protocol, frame.receivedAt, updates);
    batch.addWaiter(waiter);
    return seq;
  }

  /**
   * Keeps a frame that could not be read, once, and counts how often the same bytes came. Returns the commit and whether the frame may
   * now be acknowledged.
   */
  acceptUndecodable(frame: FrameToKeep, code: ErrorCode, waiter: CommitWaiter): { seq: number; release: boolean } {
    const id = `${frame.sourceId}:${createHash('sha256').update(frame.bytes).digest('hex')}`;
    const known = this.registry.get('poison', id);
    const journal = this.#openJournal();
    if (known === undefined) this.#keepUnread(journal, frame);
    const row: PoisonRow = {
      id,
      sourceId: frame.sourceId,
      count: (known?.count ?? 0) + 1,
      code,
      firstAt: known?.firstAt ?? frame.receivedAt,
      lastAt: frame.receivedAt,
    };
    const changes: RowChange[] = [{ table: 'poison', id, row }];
    if (known === undefined) changes.push(...this.#surplusPoison(frame.sourceId));
    const seq = this.#stage(changes);
    this.#batch(seq).addWaiter(waiter);
    return { seq, release: row.count >= poisonArrivals };
  }

  /** Notes that a unit was heard from without keeping anything; snapshots carry it. */
  heard(unit: UnitEntry, at: number): void {
    if (at <= unit.state.heardAt) return;
    unit.state.heardAt = at;
    this.units.touch(unit);
  }

  async change<T>(make: (tx: Transaction) => T): Promise<T> {
    const changes: RowChange[] = [];
    const undo: RowChange[] = [];
    let result: T;
    let seq: number | undefined;
    try {
      result = make(this.#transaction(changes, undo));
      seq = changes.length === 0 ? this.#unsettledSeq : this.#journalRows(changes, undo);
    } catch (error) {
      for (const change of undo.reverse()) this.registry.apply(change);
      throw error;
    }
    if (seq === undefined) return result;
    const batch = this.#batch(seq);
    await new Promise<void>((resolve, reject) => {
      batch.addWaiter({ settled: (_, error) => (error === undefined ? resolve() : reject(error)) });
    });
    return result;
  }

  /** Rows changed since the last call, for the snapshot; the newest content of each. */
  takeDirtyRows(): RowChange[] {
    const taken = [...this.#dirtyRows.values()];
    this.#dirtyRows = new Map();
    this.#bytesSinceSnapshot = 0;
    return taken;
  }

  /** Folds records in under the rules of time, as their commit did. Used by recovery; nothing is counted a second time. */
  fold(unit: UnitEntry, updates: readonly StateUpdate[], receivedAt: number): void {
    if (receivedAt > unit.state.heardAt) unit.state.heardAt = receivedAt;
    const trips = this.#tripsOf(unit);
    for (const update of updates) this.#foldOne(unit, update, receivedAt, { trips });
  }

  #tripsOf(unit: UnitEntry): TripDetection {
    return this.registry.tripsOfSource(unit.sourceId) ?? this.#trips;
  }

  #foldOne(
    unit: UnitEntry,
    update: StateUpdate,
    receivedAt: number,
    { trips, protocol }: { readonly trips: TripDetection; readonly protocol?: string },
  ): void {
    const verdict = judgeTime(update.at, receivedAt, this.#timeRules);
    if (typeof verdict === 'number') unit.state.apply(update, verdict, receivedAt, trips);
    else if (protocol !== undefined) this.#metrics.notState(protocol, verdict);
  }

  #foldBatch(batch: Batch, seq: number): void {
    for (const { unit, receivedAt, protocol, from, to } of batch.folds) {
      if (receivedAt > unit.state.heardAt) unit.state.heardAt = receivedAt;
      const how = { trips: this.#tripsOf(unit), protocol };
      for (let i = from; i < to; i++) this.#foldOne(unit, batch.record(i), receivedAt, how);
      this.units.noteCommit(unit, seq);
    }
  }

  /** Takes back what a snapshot could not write; rows that have changed since are newer. */
  returnDirtyRows(rows: readonly RowChange[], sizeBytes: number): void {
    this.#bytesSinceSnapshot += sizeBytes;
    for (const change of rows) {
      const key = `${change.table}/${change.id}`;
      if (!this.#dirtyRows.has(key)) this.#dirtyRows.set(key, change);
    }
  }

  /** Applies row changes that are already on disk. Used by recovery. */
  applyKept(changes: readonly RowChange[], dirty: boolean): void {
    for (const change of changes) {
      this.registry.apply(change);
      if (dirty) this.#dirtyRows.set(`${change.table}/${change.id}`, change);
    }
  }

  committed(seq: number, sizeBytes: number, latencyMs: number): void {
    if (this.#failure !== undefined) this.#onHealth(undefined);
    this.#failure = undefined;
    this.#committedSeq = seq;
    this.#bytesSinceSnapshot += sizeBytes;
    this.#metrics.committed(sizeBytes, latencyMs);
    const batch = this.#batches.get(seq);
    if (batch === undefined) return;
    this.#batches.delete(seq);
    this.#foldBatch(batch, seq);
    for (const change of batch.changed) this.#dirtyRows.set(`${change.table}/${change.id}`, change);
    for (const waiter of batch.waiters) waiter.settled(seq, undefined);
    this.#announce(batch);
    this.#announceRows(batch);
    this.#recycle(batch);
  }

  failed(seq: number, error: StoreError): void {
    if (this.#failure === undefined) {
      this.#onHealth(error);
      this.#probeLater();
    }
    this.#failure = error;
    this.#metrics.error('store_write');
    const later = [...this.#batches].filter(([each]) => each >= seq).reverse();
    for (const [, batch] of later) {
      for (const change of batch.undo.splice(0).reverse()) this.#undo(change);
      batch.changed.length = 0;
    }
    const batch = this.#batches.get(seq);
    if (batch === undefined) return;
    this.#batches.delete(seq);
    for (const waiter of batch.waiters) waiter.settled(seq, error);
    this.#recycle(batch);
  }

  /** Commits what is open and closes the engine. */
  async close(): Promise<void> {
    await this.#journal?.close();
    await this.engine.close();
  }

  /** Resolves when nothing waits for the disk any more. */
  async drained(): Promise<void> {
    await this.#journal?.drained();
  }

  /** Counters are not turned back: somebody may still hold an id that was given out, and it must never come to mean another. */
  #undo(change: RowChange): void {
    if (change.table !== 'counter') this.registry.apply(change);
  }

  /** A frame without records is known to its unit all the same: the index leads to it. */
  #keepUnread(journal: Journal, frame: FrameToKeep): void {
    const { sourceId, receivedAt } = frame;
    const seq = journal.addFrame(frame, EntryKind.undecodable);
    this.#batch(seq).add(this.units.ensure(sourceId), '', receivedAt, []);
  }

  #announce({ folds, changed, undo }: Batch): void {
    if (this.#listeners.size === 0) return;
    const sourceIds = unitsShowing(this.registry, [...changed, ...undo]);
    for (const { unit } of folds) sourceIds.add(unit.sourceId);
    if (sourceIds.size === 0) return;
    for (const listener of this.#listeners) listener(sourceIds);
  }

  #announceRows({ changed, undo }: Batch): void {
    if (this.#rowListeners.size === 0 || changed.length === 0) return;
    // What undoes a change is the row before it, so the two lists run side by side.
    const rows = changed.map((change, i) => ({ ...change, before: undo[i]?.row ?? null }) as ChangedRow);
    for (const listener of this.#rowListeners) listener(rows);
  }

  /** While the journal fails, an empty change each second finds out when it works again. */
  #probeLater(): void {
    this.#clock.after(1000, () => {
      if (this.#failure === undefined) return;
      try {
        this.#openJournal().addRows([]);
      } catch {
        // Closed meanwhile: nothing is left to find out.
        return;
      }
      this.#probeLater();
    });
  }

  #openJournal(): Journal {
    if (this.#journal === undefined) throw new StoreError('store_closed');
    return this.#journal;
  }

  /** The newest commit with changes that may still be undone: what was found there rests on it. */
  get #unsettledSeq(): number | undefined {
    return [...this.#batches].findLast(([, { changed }]) => changed.length > 0)?.[0];
  }

  #batch(seq: number): Batch {
    let batch = this.#batches.get(seq);
    if (batch === undefined) {
      batch = this.#spareBatches.pop() ?? new Batch();
      this.#batches.set(seq, batch);
    }
    return batch;
  }

  #recycle(batch: Batch): void {
    batch.clear();
    if (this.#spareBatches.length < keptBatches) this.#spareBatches.push(batch);
  }

  #transaction(changes: RowChange[], undo: RowChange[]): Transaction {
    const registry = this.registry;
    const stage = (change: RowChange) => {
      undo.push(registry.apply(change));
      changes.push(change);
    };
    return {
      registry,
      at: this.#clock.now(),
      put: <N extends TableName>(table: N, row: Tables[N]) => stage({ table, id: row.id, row }),
      remove: (table: TableName, id: RowId) => stage({ table, id, row: null }),
      nextId(table: TableName) {
        const next = registry.get('counter', table)?.next ?? 1;
        stage({ table: 'counter', id: table, row: { id: table, next: next + 1 } });
        return next;
      },
    };
  }

  #stage(changes: readonly RowChange[]): number {
    return this.#journalRows(
      changes,
      changes.map((change) => this.registry.apply(change)),
    );
  }

  #journalRows(changes: readonly RowChange[], undo: readonly RowChange[]): number {
    const seq = this.#openJournal().addRows(changes);
    const batch = this.#batch(seq);
    batch.undo.push(...undo);
    batch.changed.push(...changes);
    return seq;
  }

  #surplusPoison(sourceId: number): RowChange[] {
    const rows = [...this.registry.poisonOfSource(sourceId)].sort((a, b) => a.lastAt - b.lastAt);
    const surplus = rows.slice(0, Math.max(0, rows.length + 1 - maxPoisonPerSource));
    return surplus.map((row) => ({ table: 'poison', id: row.id, row: null }));
  }
}

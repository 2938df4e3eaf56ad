/**
 * What hangs on one commit: the records that become state with it, who waits for it, and the registry changes that it makes final. One commit after the
 * other uses the same batch again.
 */
import type { StateUpdate } from '../domain/update.js';
import type { StoreError } from '../errors.js';
import { RecordColumns } from './record-columns.js';
import type { RowChange } from './rows.js';
import type { UnitEntry } from './units.js';

/** Somebody who waits for a commit: told once for each commit it has something in. */
export interface CommitWaiter {
  settled(seq: number, error: StoreError | undefined): void;
}

/** Columns beyond this are given up after use. Bytes. */
const keptBytes = 16 * 1024 * 1024;

/** Records of one frame: those of the batch from `from` up to `to`. */
export interface Fold {
  readonly unit: UnitEntry;
  readonly protocol: string;
  readonly receivedAt: number;
  readonly from: number;
  readonly to: number;
}

export class Batch {
  readonly waiters: CommitWaiter[] = [];
  readonly undo: RowChange[] = [];
  readonly changed: RowChange[] = [];
  readonly folds: Fold[] = [];
  #records = new RecordColumns();

  /** Adds what a frame of the unit says; it may say nothing. The updates are copied. */
  add(unit: UnitEntry, protocol: string, receivedAt: number, updates: readonly StateUpdate[]): void {
    const from = this.#records.count;
    for (let i = 0; i < updates.length; i++) this.#records.add(updates[i] as StateUpdate);
    this.folds.push({ unit, protocol, receivedAt, from, to: this.#records.count });
  }

  /** Record `index`; true until the batch is cleared. */
  record(index: number): StateUpdate {
    return this.#records.record(index);
  }

  /** A session adds several frames to one commit but is told once. */
  addWaiter(waiter: CommitWaiter): void {
    if (this.waiters[this.waiters.length - 1] !== waiter) this.waiters.push(waiter);
  }

  /** Makes it fit for another commit. */
  clear(): void {
    this.waiters.length = 0;
    this.undo.length = 0;
    this.changed.length = 0;
    this.folds.length = 0;
    if (this.#records.sizeBytes > keptBytes) this.#records = new RecordColumns();
    else this.#records.clear();
  }
}

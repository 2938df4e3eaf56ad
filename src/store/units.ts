/**
 * The units in memory: one entry a source that was ever heard of, with its state and what the next snapshot has to write of it.
 */
import { UnitState } from '../domain/state.js';

export class UnitEntry {
  readonly sourceId: number;
  state = new UnitState();
  /** In the list of entries that the next snapshot writes. */
  dirty = false;
  /** Commits since the last snapshot that hold frames of this unit. */
  seqs: number[] = [];
  /** Key of the index row that the next snapshot adds to; undefined when it starts one. */
  indexRow: number | undefined;

  constructor(sourceId: number) {
    this.sourceId = sourceId;
  }
}

export class Units {
  readonly #entries = new Map<number, UnitEntry>();
  #dirty: UnitEntry[] = [];

  get size(): number {
    return this.#entries.size;
  }

  get(sourceId: number): UnitEntry | undefined {
    return this.#entries.get(sourceId);
  }

  ensure(sourceId: number): UnitEntry {
    let entry = this.#entries.get(sourceId);
    if (entry === undefined) {
      entry = new UnitEntry(sourceId);
      this.#entries.set(sourceId, entry);
    }
    return entry;
  }

  /** Forgets a unit. */
  remove(sourceId: number): void {
    this.#dirty = this.#dirty.filter((entry) => entry.sourceId !== sourceId);
    this.#entries.delete(sourceId);
  }

  all(): IterableIterator<UnitEntry> {
    return this.#entries.values();
  }

  touch(entry: UnitEntry): void {
    if (entry.dirty) return;
    entry.dirty = true;
    this.#dirty.push(entry);
  }

  /** Notes that commit `seq` holds a frame of this unit. */
  noteCommit(entry: UnitEntry, seq: number): void {
    if (entry.seqs[entry.seqs.length - 1] !== seq) entry.seqs.push(seq);
    this.touch(entry);
  }

  get dirtyCount(): number {
    return this.#dirty.length;
  }

  /** The entries touched since the last call. */
  takeDirty(): UnitEntry[] {
    const taken = this.#dirty;
    this.#dirty = [];
    for (const entry of taken) entry.dirty = false;
    return taken;
  }
}

/**
 * An engine in memory whose disk does as the test says: it fails, it is slow, it fails although it kept the value. It remembers every
 * value it was given, so that a test can see what one commit held.
 */
import type { Engine, TableKey } from '../../src/store/engine.js';
import { MemoryEngine } from '../../src/store/memory-engine.js';

interface Held {
  readonly go: () => void;
}

export class FailingEngine implements Engine {
  readonly inner: Engine;
  /** Numbers and sizes of all appends, failed ones too. */
  readonly appends: { readonly seq: number; readonly sizeBytes: number }[] = [];
  /** Writes fail with this while it is set. */
  failure: Error | undefined;
  /** A failing append leaves its value behind all the same. */
  keepsWhatFails = false;
  /** Writes to tables fail with this while it is set. */
  tableFailure: Error | undefined;
  /** So many more writes to tables succeed. */
  tableWritesLeft = Number.POSITIVE_INFINITY;
  isClosed = false;
  #isHolding = false;
  #held: Held[] = [];

  constructor(inner: Engine = new MemoryEngine()) {
    this.inner = inner;
  }

  /** From now on appends wait. */
  hold(): void {
    this.#isHolding = true;
  }

  /** Appends that wait. */
  get heldCount(): number {
    return this.#held.length;
  }

  /** Lets the oldest append that waits go on. */
  step(): void {
    this.#held.shift()?.go();
  }

  /** Lets everything go on. */
  release(): void {
    this.#isHolding = false;
    for (const held of this.#held.splice(0)) held.go();
  }

  /** Forgets the appends that wait, as a crash does, and holds no more. */
  lose(): void {
    this.#isHolding = false;
    this.#held = [];
  }

  async append(seq: number, value: Buffer): Promise<void> {
    this.appends.push({ seq, sizeBytes: value.length });
    if (this.#isHolding) await new Promise<void>((go) => this.#held.push({ go }));
    if (this.failure === undefined || this.keepsWhatFails) await this.inner.append(seq, value);
    if (this.failure !== undefined) throw this.failure;
  }

  read(fromSeq: number): Iterable<{ readonly seq: number; readonly value: Buffer }> {
    return this.inner.read(fromSeq);
  }

  get(seq: number): Buffer | undefined {
    return this.inner.get(seq);
  }

  bounds(): { readonly first: number; readonly last: number } | undefined {
    return this.inner.bounds();
  }

  async replace(seq: number, value: Buffer): Promise<void> {
    this.#failTable();
    await this.inner.replace(seq, value);
  }

  async drop(seq: number): Promise<void> {
    this.#failTable();
    await this.inner.drop(seq);
  }

  async put(table: string, key: TableKey, value: Buffer): Promise<void> {
    this.#failTable();
    await this.inner.put(table, key, value);
  }

  async delete(table: string, key: TableKey): Promise<void> {
    this.#failTable();
    await this.inner.delete(table, key);
  }

  rows(table: string, prefix?: TableKey): Iterable<{ readonly key: TableKey; readonly value: Buffer }> {
    return this.inner.rows(table, prefix);
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.release();
    await this.inner.close();
  }

  #failTable(): void {
    const failure = this.tableFailure ?? this.failure;
    if (failure !== undefined) throw failure;
    if (--this.tableWritesLeft < 0) throw diskError('EIO');
  }
}

/** What the operating system says when a disk is full or broken. */
export function diskError(code: 'ENOSPC' | 'EIO'): Error {
  return Object.assign(new Error(`${code}: write`), { code });
}

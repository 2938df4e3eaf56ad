/**
 * Group commit: what one turn of the event loop accepted is one value, and one value is one commit of the engine. While a commit is on
 * its way the next one fills. Whoever added something learns from `settled` when its commit is on disk, or that it never will be.
 *
 * Invariant: commits settle in the order of their numbers, and once one fails every later one that was already open fails with it. The
 * next commit takes the number of the failed one, so that whatever a failing disk did keep of it is overwritten.
 */
import type { Clock } from '../clock.js';
import { StoreError } from '../errors.js';
import type { Engine } from './engine.js';
import { EntryKind, type FrameToKeep, ValueBuilder, valueHeaderBytes } from './entries.js';
import type { RowChange } from './rows.js';

/** Told once for every commit, in order. */
export interface CommitListener {
  /** `sizeBytes` of the value, `latencyMs` from the first entry to the disk. */
  committed(seq: number, sizeBytes: number, latencyMs: number): void;
  failed(seq: number, error: StoreError): void;
}

/** A value beyond this is committed at once, so that memory stays bounded when the disk is slow. Bytes. */
const largeValueBytes = 8 * 1024 * 1024;
const keptBuilderBytes = 1024 * 1024;

export class Journal {
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #listener: CommitListener;
  #filling = new ValueBuilder();
  #writing = new ValueBuilder();
  #openSeq: number;
  #openedAtMs = 0;
  #isWriting = false;
  #scheduled = false;
  #closed = false;
  #drains: { readonly seq: number; readonly resolve: () => void }[] = [];

  constructor(options: { engine: Engine; clock: Clock; listener: CommitListener; nextSeq: number }) {
    this.#engine = options.engine;
    this.#clock = options.clock;
    this.#listener = options.listener;
    this.#openSeq = options.nextSeq;
    this.#filling.begin(this.#clock.now());
  }

  /** The commit that the next entry joins. */
  get openSeq(): number {
    return this.#openSeq;
  }

  /** Bytes waiting to be committed, those on their way included. */
  get pendingBytes(): number {
    return this.#filling.length - valueHeaderBytes + (this.#isWriting ? this.#writing.length : 0);
  }

  /** True when so much waits for the disk that callers should stop taking more in. */
  get isFull(): boolean {
    return this.#filling.length > largeValueBytes;
  }

  /** Adds a frame to the open commit and returns its number. Throws `StoreError` `store_closed`. */
  addFrame(frame: FrameToKeep, kind: number = EntryKind.frame): number {
    this.#open();
    this.#filling.addFrame(kind, frame);
    return this.#openSeq;
  }

  /** Adds row changes to the open commit and returns its number. Throws `StoreError` `store_closed`. */
  addRows(changes: readonly RowChange[]): number {
    this.#open();
    this.#filling.addRows(changes);
    return this.#openSeq;
  }

  /** Resolves when everything added so far has been committed or has failed. */
  drained(): Promise<void> {
    const seq = this.#filling.entries > 0 ? this.#openSeq : this.#openSeq - 1;
    if (!this.#isWriting && !this.#scheduled) return Promise.resolve();
    return new Promise((resolve) => this.#drains.push({ seq, resolve }));
  }

  /** Takes no more entries; what is open is still committed. */
  close(): Promise<void> {
    this.#closed = true;
    return this.drained();
  }

  #open(): void {
    if (this.#closed) throw new StoreError('store_closed');
    if (this.#filling.entries > 0) return;
    this.#filling.begin(this.#clock.now());
    this.#openedAtMs = this.#clock.monotonicMs();
    if (this.#isWriting || this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      void this.#commitAll();
    });
  }

  async #commitAll(): Promise<void> {
    this.#isWriting = true;
    while (this.#filling.entries > 0) this.#endDrains(await this.#commitOne());
    this.#isWriting = false;
    this.#writing.trim(keptBuilderBytes);
    this.#endDrains(this.#openSeq);
  }

  #endDrains(seq: number): void {
    if (this.#drains.length === 0) return;
    for (const drain of this.#drains) if (drain.seq <= seq) drain.resolve();
    this.#drains = this.#drains.filter((drain) => drain.seq > seq);
  }

  /** Returns the number up to which everything has settled. */
  async #commitOne(): Promise<number> {
    const builder = this.#filling;
    const seq = this.#openSeq++;
    const openedAtMs = this.#openedAtMs;
    this.#filling = this.#writing;
    this.#writing = builder;
    this.#filling.begin(this.#clock.now());
    try {
      await this.#engine.append(seq, builder.view());
    } catch (cause) {
      return this.#fail(seq, new StoreError('store_write', { got: String(cause), cause }));
    }
    this.#listener.committed(seq, builder.length, this.#clock.monotonicMs() - openedAtMs);
    return seq;
  }

  /** What opened after the failed commit may rest on it (a registration, say), so it fails too. */
  #fail(seq: number, error: StoreError): number {
    const openSeq = this.#openSeq;
    const openHasEntries = this.#filling.entries > 0;
    this.#filling.begin(this.#clock.now());
    this.#openSeq = seq;
    this.#listener.failed(seq, error);
    if (openHasEntries) this.#listener.failed(openSeq, error);
    return openSeq;
  }
}

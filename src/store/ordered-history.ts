/**
 * Reading the past in order of its times while the gateway runs: in small steps, and with bounds on what one read and all reads together
 * may keep in memory.
 */
import type { StateUpdate } from '../domain/update.js';
import type { HistoryQuery } from './history-records.js';
import { Pacer } from './pacer.js';
import { type JournalValue, type OrderedRecord, type OrderOptions, RecordOrder } from './record-order.js';

export interface OrderedQuery extends HistoryQuery {
  /** Span of the times of receipt; both ends belong to it. ms since 1970 UTC. */
  readonly receivedFromMs: number;
  readonly receivedToMs: number;
  /** The account that reads: each may have a few reads open. */
  readonly accountId: number;
}

/** Why nothing is read: `busy` with other reads, or it would be too much. */
export type OrderRefusal = 'busy' | 'too_many';

/** Records of a span, noted and ready to be decoded one after the other. */
export interface OrderedRecords {
  /** Records with those that came twice. */
  readonly size: number;
  /** Once only; each step is a few records. */
  batches(): AsyncIterable<readonly ReadRecord[]>;
  /** To be called when nothing more is read. */
  close(): void;
}

/** A record with its times, ms since 1970 UTC. */
export interface ReadRecord {
  readonly at: number;
  readonly receivedAt: number;
  readonly update: StateUpdate;
}

export interface ReadLimits {
  /** Most records in one read. */
  readonly records: number;
  readonly openReads: number;
  readonly openReadsPerAccount: number;
}

/** A month of a record a second, or a year of one in fifteen, fits; it takes some 60 MB while it is read. */
export const defaultReadLimits: ReadLimits = { records: 2_700_000, openReads: 8, openReadsPerAccount: 2 };

/** Most records in one step. */
const batchRecords = 256;

export class OrderedReads {
  readonly #limits: ReadLimits;
  /** Open reads by account. */
  readonly #open = new Map<number, number>();

  constructor(limits: ReadLimits = defaultReadLimits) {
    this.#limits = limits;
  }

  /** Notes what is to be read. `values` are those that may hold it. */
  async begin(
    options: OrderOptions,
    values: Iterable<JournalValue>,
    accountId: number,
  ): Promise<OrderedRecords | OrderRefusal> {
    const close = this.#enter(accountId);
    if (close === undefined) return 'busy';
    const order = new RecordOrder(options);
    try {
      const pacer = new Pacer();
      for (const _ of order.collect(values)) {
        if (order.size > this.#limits.records) break;
        if (pacer.isDue) await pacer.rest();
      }
    } catch (error) {
      close();
      throw error;
    }
    if (order.size <= this.#limits.records)
      return { size: order.size, batches: () => batchesOf(order.records()), close };
    close();
    return 'too_many';
  }

  /** Returns what ends the read; undefined when there are too many. */
  #enter(accountId: number): (() => void) | undefined {
    const mine = this.#open.get(accountId) ?? 0;
    const all = [...this.#open.values()].reduce((sum, each) => sum + each, 0);
    if (mine >= this.#limits.openReadsPerAccount || all >= this.#limits.openReads) return undefined;
    this.#open.set(accountId, mine + 1);
    let isOpen = true;
    return () => {
      if (!isOpen) return;
      isOpen = false;
      const left = (this.#open.get(accountId) ?? 1) - 1;
      if (left === 0) this.#open.delete(accountId);
      else this.#open.set(accountId, left);
    };
  }
}

async function* batchesOf(records: Iterable<OrderedRecord>): AsyncGenerator<readonly ReadRecord[]> {
  const pacer = new Pacer();
  let batch: ReadRecord[] = [];
  for (const { at, update, entry } of records) {
    batch.push({ at, update, receivedAt: entry.receivedAt });
    if (batch.length < batchRecords && !pacer.isDue) continue;
    yield batch;
    batch = [];
    if (pacer.isDue) await pacer.rest();
  }
  if (batch.length > 0) yield batch;
}

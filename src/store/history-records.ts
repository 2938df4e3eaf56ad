/**
 * Reading the records that the journal keeps of a unit while the gateway runs: found by the index and by what is in no snapshot yet,
 * decoded again, in small steps so that nothing else has to wait. They come in the order of their receipt; a record that was sent twice
 * comes twice.
 */
import { judgeTime, type TimeRules } from '../domain/time-rules.js';
import type { StateUpdate } from '../domain/update.js';
import type { Engine } from './engine.js';
import { type FrameEntry, readFrames, writtenAtOf } from './entries.js';
import { decodeSeqs, encodeSeqs } from './history.js';
import { type OrderedQuery, OrderedReads, type OrderedRecords, type OrderRefusal } from './ordered-history.js';
import { Pacer } from './pacer.js';
import type { JournalValue } from './record-order.js';
import type { FrameDecoder } from './recovery.js';
import { Table } from './tables.js';
import type { Units } from './units.js';

/** A record as it was filed. */
export interface KeptRecord {
  readonly sourceId: number;
  /** The time it stands under in the history, ms since 1970 UTC: the unit's, put right where the receiver's calendar had run over. */
  readonly at: number;
  readonly receivedAt: number;
  readonly update: StateUpdate;
}

/** Sources, and a span of the times that records are filed under; both ends belong to it. ms since 1970 UTC. */
export interface HistoryQuery {
  readonly sourceIds: readonly number[];
  readonly fromMs: number;
  readonly toMs: number;
}

/** What the HTTP floor knows of the past. */
export interface History {
  /** Records source by source, each in the order of receipt. Those whose time is not to be believed are not among them. */
  records(query: HistoryQuery): AsyncIterable<KeptRecord>;
  /** Records of all sources in order of their times, each once. Those of a clock that runs ahead are not among them. */
  inOrder(query: OrderedQuery): Promise<OrderedRecords | OrderRefusal>;
}

/** A past of which nothing is known. */
export const noHistory: History = {
  async *records() {},
  inOrder: async () => ({ size: 0, async *batches() {}, close() {} }),
};

export interface JournalHistoryOptions {
  readonly engine: Engine;
  readonly units: Units;
  readonly decode: FrameDecoder;
  readonly timeRules: TimeRules;
}

/** A commit is dated when it is begun, and takes in what comes within a moment after that. */
const commitSpanMs = 60_000;

export class JournalHistory implements History {
  readonly #options: JournalHistoryOptions;
  readonly #orderedReads = new OrderedReads();

  constructor(options: JournalHistoryOptions) {
    this.#options = options;
  }

  async *records(query: HistoryQuery): AsyncGenerator<KeptRecord> {
    const pacer = new Pacer();
    for (const sourceId of new Set(query.sourceIds)) {
      for (const seq of this.#seqsOf(sourceId, query.fromMs)) {
        yield* this.#recordsIn(seq, sourceId, query);
        if (pacer.isDue) await pacer.rest();
      }
    }
  }

  inOrder(query: OrderedQuery): Promise<OrderedRecords | OrderRefusal> {
    const { engine, decode, timeRules } = this.#options;
    const { fromMs, toMs, receivedFromMs, receivedToMs } = query;
    const sourceIds = new Set(query.sourceIds);
    const order = {
      ...{ engine, decode },
      *framesIn(value: Buffer) {
        for (const frame of readFrames(value, (sourceId) => sourceIds.has(sourceId))) {
          const { receivedAt } = frame.entry;
          if (receivedAt >= receivedFromMs && receivedAt <= receivedToMs) yield frame;
        }
      },
      timeOf(update: StateUpdate, { receivedAt }: FrameEntry) {
        const verdict = judgeTime(update.at, receivedAt, timeRules);
        const at = verdict === 'ancient' ? update.at : verdict;
        return at !== 'future' && at >= fromMs && at <= toMs ? at : undefined;
      },
    };
    return this.#orderedReads.begin(order, this.#valuesOf(sourceIds, fromMs), query.accountId);
  }

  /** Values that may hold records of the sources; one that holds some of several comes for each. */
  *#valuesOf(sourceIds: ReadonlySet<number>, fromMs: number): Generator<JournalValue> {
    for (const sourceId of sourceIds) {
      for (const seq of this.#seqsOf(sourceId, fromMs)) {
        const value = this.#options.engine.get(seq);
        if (value !== undefined) yield { seq, value };
      }
    }
  }

  /** Records of a source in one commit, collected at once: its value is only good until something else is read. */
  #recordsIn(seq: number, sourceId: number, query: HistoryQuery): KeptRecord[] {
    const { engine, decode, timeRules } = this.#options;
    const value = engine.get(seq);
    const records: KeptRecord[] = [];
    for (const { entry } of value === undefined ? [] : readFrames(value, (id) => id === sourceId)) {
      const { receivedAt } = entry;
      for (const update of decode(entry) ?? []) {
        const at = judgeTime(update.at, receivedAt, timeRules);
        const isWanted = typeof at === 'number' && at >= query.fromMs && at <= query.toMs;
        if (isWanted) records.push({ sourceId, at, receivedAt, update });
      }
    }
    return records;
  }

  /**
   * Commits that may hold records of the source from `fromMs` on, rising. Index rows are opened one by one: a unit may have been in
   * millions of commits.
   */
  *#seqsOf(sourceId: number, fromMs: number): Generator<number> {
    const { engine, units, timeRules } = this.#options;
    const rows = [...engine.rows(Table.index, [sourceId])];
    const notIndexed = encodeSeqs(units.get(sourceId)?.seqs ?? []);
    // Nothing is filed under a time much later than that of its receipt.
    const sinceMs = fromMs - timeRules.futureToleranceMs - commitSpanMs;
    const firsts = rows.map(({ key }) => Number(key[1]));
    const opened = rows.slice(Math.max(0, this.#firstWrittenSince(firsts, sinceMs) - 1));
    let last = 0;
    for (const { value } of [...opened, { value: notIndexed }]) {
      for (const seq of decodeSeqs(value)) {
        // A pass that a crash cut short has left commits that the next one wrote again.
        if (seq <= last) continue;
        last = seq;
        yield seq;
      }
    }
  }

  /** Place of the first commit that is not older. What is no longer kept is older than everything. */
  #firstWrittenSince(seqs: readonly number[], sinceMs: number): number {
    let low = 0;
    let high = seqs.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const value = this.#options.engine.get(seqs[middle] as number);
      if (value === undefined || writtenAtOf(value) < sinceMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

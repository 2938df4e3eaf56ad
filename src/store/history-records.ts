/**
 * Reading the records that the journal keeps of a unit while the gateway runs: found by the index and by what is in no snapshot yet,
 * decoded again, in small steps so that nothing else has to wait. They come in the order of their receipt; a record that was sent twice
 * comes twice.
 */
import { judgeTime, type TimeRules } from '../domain/time-rules.js';
import type { StateUpdate } from '../domain/update.js';
import type { Engine } from './engine.js';
import { readEntries, writtenAtOf } from './entries.js';
import { decodeSeqs } from './history.js';
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
}

/** A past of which nothing is known. */
export const noHistory: History = {
  async *records() {},
};

export interface JournalHistoryOptions {
  readonly engine: Engine;
  readonly units: Units;
  readonly decode: FrameDecoder;
  readonly timeRules: TimeRules;
}

/** Longest stretch of work without letting others run, ms. */
const sliceMs = 5;
/** A commit is dated when it is begun, and takes in what comes within a moment after that. */
const commitSpanMs = 60_000;

export class JournalHistory implements History {
  readonly #options: JournalHistoryOptions;

  constructor(options: JournalHistoryOptions) {
    this.#options = options;
  }

  async *records(query: HistoryQuery): AsyncGenerator<KeptRecord> {
    let sliceSince = performance.now();
    for (const sourceId of new Set(query.sourceIds)) {
      for (const seq of this.#seqsOf(sourceId, query.fromMs)) {
        yield* this.#recordsIn(seq, sourceId, query);
        if (performance.now() - sliceSince < sliceMs) continue;
        await new Promise((resolve) => setImmediate(resolve));
        sliceSince = performance.now();
      }
    }
  }

  /** Records of a source in one commit, collected at once: its value is only good until something else is read. */
  #recordsIn(seq: number, sourceId: number, query: HistoryQuery): KeptRecord[] {
    const { engine, decode, timeRules } = this.#options;
    const value = engine.get(seq);
    const records: KeptRecord[] = [];
    for (const entry of value === undefined ? [] : readEntries(value)) {
      if (entry.kind !== 'frame' || entry.sourceId !== sourceId) continue;
      const { receivedAt } = entry;
      for (const update of decode(entry) ?? []) {
        const at = judgeTime(update.at, receivedAt, timeRules);
        const isWanted = typeof at === 'number' && at >= query.fromMs && at <= query.toMs;
        if (isWanted) records.push({ sourceId, at, receivedAt, update });
      }
    }
    return records;
  }

  /** Commits that may hold records of the source from `fromMs` on, rising. */
  #seqsOf(sourceId: number, fromMs: number): number[] {
    const { engine, units, timeRules } = this.#options;
    const found = new Set<number>();
    for (const { value } of engine.rows(Table.index, [sourceId])) for (const seq of decodeSeqs(value)) found.add(seq);
    for (const seq of units.get(sourceId)?.seqs ?? []) found.add(seq);
    const seqs = [...found].sort((left, right) => left - right);
    // Nothing is filed under a time much later than that of its receipt.
    return seqs.slice(this.#firstWrittenSince(seqs, fromMs - timeRules.futureToleranceMs - commitSpanMs));
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

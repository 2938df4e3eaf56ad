/**
 * Kept records in order of their times, each once. Two passes keep memory small: the first notes the time and place of every record (24
 * bytes each), the second decodes them again in their order. Both are generators that do little between two steps, so that whoever drives
 * them can let others work meanwhile.
 */
import type { StateUpdate } from '../domain/update.js';
import type { Engine } from './engine.js';
import type { FrameEntry, PlacedFrame } from './entries.js';
import type { FrameDecoder } from './recovery.js';

/** A value of the journal, valid until the next one is read. */
export interface JournalValue {
  readonly seq: number;
  readonly value: Buffer;
}

export interface OrderOptions {
  readonly engine: Pick<Engine, 'get'>;
  readonly decode: FrameDecoder;
  /** Frames of a value that are looked at. */
  readonly framesIn: (value: Buffer) => Iterable<PlacedFrame>;
  /** The time a record is filed under, ms since 1970 UTC; undefined leaves it out. */
  readonly timeOf: (update: StateUpdate, entry: FrameEntry) => number | undefined;
}

/** A record with the frame it came in. */
export interface OrderedRecord {
  readonly at: number;
  readonly update: StateUpdate;
  readonly entry: FrameEntry;
}

export class RecordOrder {
  readonly #options: OrderOptions;
  readonly #places = new Places();

  constructor(options: OrderOptions) {
    this.#options = options;
  }

  /** Places noted so far. */
  get size(): number {
    return this.#places.size;
  }

  /** First pass: a step for each value. A value may come again. */
  *collect(values: Iterable<JournalValue>): Generator<void> {
    for (const { seq, value } of values) {
      this.#note(seq, value);
      yield;
    }
  }

  #note(seq: number, value: Buffer): void {
    const { framesIn, decode, timeOf } = this.#options;
    for (const { index, entry } of framesIn(value)) {
      const updates = decode(entry) ?? [];
      for (let record = 0; record < updates.length; record++) {
        const at = timeOf(updates[record] as StateUpdate, entry);
        if (at !== undefined) this.#places.add({ at, seq, index, record });
      }
    }
  }

  /** Second pass. Records of one unit are the same when their time and content are. */
  *records(): Generator<OrderedRecord> {
    const reader = new PlaceReader(this.#options);
    let group: Place[] = [];
    for (const place of this.#places.inOrder()) {
      if (group[0] !== undefined && group[0].at !== place.at) {
        yield* distinct(group, reader);
        group = [];
      }
      group.push(place);
    }
    yield* distinct(group, reader);
  }
}

/** Records of one time, without doubles. */
function* distinct(places: readonly Place[], reader: PlaceReader): Generator<OrderedRecord> {
  const seen = new Set<string>();
  for (const place of places) {
    const record = reader.read(place);
    if (record === undefined) continue;
    if (places.length > 1) {
      const { position, names, values, backlog } = record.update;
      const identity = JSON.stringify([record.entry.context.deviceId, position, names, values, backlog]);
      if (seen.has(identity)) continue;
      seen.add(identity);
    }
    yield record;
  }
}

/** Where a record stands: the commit, the frame within it, the record within its frame. */
interface Place {
  readonly at: number;
  readonly seq: number;
  readonly index: number;
  readonly record: number;
}

/** More records than one frame holds. */
const recordsPerFrame = 65_536;
const numbersPerPlace = 3;

/** Places of rising times, as plain numbers: time, commit, and frame with record. */
class Run {
  readonly #numbers: number[] = [];
  #next = 0;
  tailAt = Number.NEGATIVE_INFINITY;

  add({ at, seq, index, record }: Place): void {
    this.#numbers.push(at, seq, index * recordsPerFrame + record);
    this.tailAt = at;
  }

  get head(): Place | undefined {
    const [at, seq, packed] = this.#numbers.slice(this.#next, this.#next + numbersPerPlace);
    if (at === undefined || seq === undefined || packed === undefined) return undefined;
    return { at, seq, index: Math.floor(packed / recordsPerFrame), record: packed % recordsPerFrame };
  }

  advance(): void {
    this.#next += numbersPerPlace;
  }
}

/**
 * Places sorted as they come and go, since sorting millions at once would hold everything up: each joins a run that it continues, and the
 * runs are merged when they are read. Units send mostly in order, so there are few of them.
 */
class Places {
  /** Their last times fall from the first to the last. */
  readonly #runs: Run[] = [];
  size = 0;

  add(place: Place): void {
    this.size++;
    const at = this.#firstNotAfter(place.at);
    const run = this.#runs[at] ?? new Run();
    if (at === this.#runs.length) this.#runs.push(run);
    run.add(place);
  }

  /** Once only: what was read is not read again. */
  *inOrder(): Generator<Place> {
    const heap = new Heap();
    for (const run of this.#runs) heap.push(run);
    for (let place = heap.take(); place !== undefined; place = heap.take()) yield place;
  }

  #firstNotAfter(at: number): number {
    let low = 0;
    let high = this.#runs.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#runs[middle] as Run).tailAt <= at) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

interface Head {
  readonly place: Place;
  readonly run: Run;
}

/** The runs by their next places, the first one on top. */
class Heap {
  readonly #heads: Head[] = [];

  push(run: Run): void {
    const place = run.head;
    if (place === undefined) return;
    const head = { place, run };
    let at = this.#heads.length;
    this.#heads.push(head);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (isBefore(this.#heads[parent] as Head, head)) break;
      this.#heads[at] = this.#heads[parent] as Head;
      at = parent;
    }
    this.#heads[at] = head;
  }

  take(): Place | undefined {
    const top = this.#heads[0];
    if (top === undefined) return undefined;
    top.run.advance();
    const next = top.run.head;
    if (next !== undefined) {
      this.#sink({ place: next, run: top.run });
    } else {
      const last = this.#heads.pop();
      if (last !== undefined && last !== top) this.#sink(last);
    }
    return top.place;
  }

  /** Puts a head in the place of the top one. */
  #sink(head: Head): void {
    let at = 0;
    for (;;) {
      const left = this.#heads[2 * at + 1];
      const right = this.#heads[2 * at + 2];
      const isRight = left !== undefined && right !== undefined && isBefore(right, left);
      const child = isRight ? right : left;
      if (child === undefined || !isBefore(child, head)) break;
      this.#heads[at] = child;
      at = 2 * at + (isRight ? 2 : 1);
    }
    this.#heads[at] = head;
  }
}

/** Of one time by their places in the journal. */
function isBefore({ place: left }: Head, { place: right }: Head): boolean {
  const order = left.at - right.at || left.seq - right.seq || left.index - right.index || left.record - right.record;
  return order < 0;
}

/** Commits kept in memory: neighbours in time are mostly neighbours in the journal. */
const maxCommits = 64;

interface ReadFrame {
  readonly entry: FrameEntry;
  updates: readonly StateUpdate[] | undefined;
}

/** Decodes records by place. */
class PlaceReader {
  readonly #options: OrderOptions;
  readonly #commits = new Map<number, ReadonlyMap<number, ReadFrame>>();

  constructor(options: OrderOptions) {
    this.#options = options;
  }

  /** Undefined for what was dropped from the journal meanwhile. */
  read({ at, seq, index, record }: Place): OrderedRecord | undefined {
    const frame = this.#framesOf(seq).get(index);
    if (frame === undefined) return undefined;
    frame.updates ??= this.#options.decode(frame.entry) ?? [];
    const update = frame.updates[record];
    return update === undefined ? undefined : { at, update, entry: frame.entry };
  }

  /** Frames by their places, copied: a view would keep the whole value in memory. */
  #framesOf(seq: number): ReadonlyMap<number, ReadFrame> {
    const cached = this.#commits.get(seq);
    if (cached !== undefined) return cached;
    const value = this.#options.engine.get(seq);
    const frames = new Map<number, ReadFrame>();
    for (const { index, entry } of value === undefined ? [] : this.#options.framesIn(value)) {
      frames.set(index, { entry: { ...entry, frame: Buffer.from(entry.frame) }, updates: undefined });
    }
    if (this.#commits.size >= maxCommits) this.#commits.clear();
    this.#commits.set(seq, frames);
    return frames;
  }
}

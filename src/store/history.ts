/**
 * What the journal keeps of the past, unit by unit: the index from a source to the commits that hold its frames, and reading by it.
 * An index value is a list of rising commit numbers, the first whole and the others as differences, each in base 128 with the high
 * bit meaning "more follows".
 */
import { StoreError } from '../errors.js';
import type { Engine } from './engine.js';
import { type FrameEntry, readEntries, readFrames } from './entries.js';
import type { RowChange, SourceRow } from './rows.js';
import { parseRow, readMark, Table } from './tables.js';

export function encodeSeqs(seqs: readonly number[]): Buffer {
  const bytes: number[] = [];
  let previous = 0;
  for (const seq of seqs) {
    let rest = seq - previous;
    previous = seq;
    while (rest >= 128) {
      bytes.push((rest % 128) | 128);
      rest = Math.floor(rest / 128);
    }
    bytes.push(rest);
  }
  return Buffer.from(bytes);
}

export function decodeSeqs(value: Buffer): number[] {
  const seqs: number[] = [];
  let seq = 0;
  let scale = 1;
  for (const byte of value) {
    seq += (byte & 127) * scale;
    scale *= 128;
    if (byte >= 128) continue;
    seqs.push(seq);
    scale = 1;
  }
  if (scale !== 1) throw new StoreError('store_corrupt', { at: 'index' });
  return seqs;
}

export function lastSeqOf(value: Buffer): number {
  return decodeSeqs(value).at(-1) ?? 0;
}

/** A kept frame with its place in the journal. */
export interface KeptFrame {
  readonly seq: number;
  /** Place among the frames of its commit, from 0. */
  readonly index: number;
  readonly entry: FrameEntry;
}

/** Frames kept, in the order of their receipt: of one source, or of all. Views are valid until the next step. */
export function* keptFrames(engine: Engine, sourceId?: number): Generator<KeptFrame> {
  for (const { seq, value } of sourceId === undefined ? engine.read(0) : valuesOf(engine, sourceId)) {
    const frames = readFrames(value, (id) => sourceId === undefined || id === sourceId);
    for (const { index, entry } of frames) yield { seq, index, entry };
  }
}

/** Every source that ever had this wire identity, read from the engine alone: for a process beside the gateway. */
export function sourcesOf(engine: Engine, deviceId: string): readonly number[] {
  const found = new Set<number>();
  const look = ({ table, row }: RowChange) => {
    const source = table === 'source' ? (row as SourceRow | null) : null;
    if (source?.deviceId === deviceId) found.add(source.id);
  };
  // Read before the rows: a snapshot that ends in between moves rows from the journal to the table.
  const cursor = readMark(engine)?.cursor ?? 0;
  for (const { key, value } of engine.rows(Table.rows, ['source'])) {
    look({ table: 'source', id: key[1] as number, row: parseRow<SourceRow>(value, Table.rows) });
  }
  for (const { value } of engine.read(cursor + 1)) {
    for (const entry of readEntries(value)) if (entry.kind === 'rows') entry.changes.forEach(look);
  }
  return [...found];
}

/** Values that may hold frames of a source: indexed commits by their numbers, then everything that is not indexed yet. */
export function* valuesOf(engine: Engine, sourceId: number): Generator<{ seq: number; value: Buffer }> {
  const cursor = readMark(engine)?.cursor ?? 0;
  let last = 0;
  for (const { value: index } of engine.rows(Table.index, [sourceId])) {
    for (const seq of decodeSeqs(index)) {
      // A pass that a crash cut short has left seqs that the next one wrote again.
      if (seq <= last || seq > cursor) continue;
      last = seq;
      const value = engine.get(seq);
      if (value !== undefined) yield { seq, value };
    }
  }
  yield* engine.read(cursor + 1);
}

/**
 * The tables beside the log, and the mark that says how far they go. They are indexes and snapshots of what the log holds; retention
 * drops from the log only what they already have.
 */
import { StoreError } from '../errors.js';
import type { Engine } from './engine.js';

/** What a completed pass leaves behind. */
export interface SnapshotMark {
  /** Everything up to this commit is in the tables. */
  readonly cursor: number;
  readonly decoderVersions: Readonly<Record<string, number>>;
  /** Bytes of the journal values kept. */
  readonly keptBytes: number;
}

export const Table = { meta: 'meta', rows: 'rows', units: 'units', index: 'index' } as const;
export const markKey = ['snapshot'] as const;

/** The content of a row. Throws `StoreError` `store_corrupt`. */
export function parseRow<T>(value: Buffer, table: string): T {
  try {
    return JSON.parse(value.toString()) as T;
  } catch (cause) {
    throw new StoreError('store_corrupt', { at: `table ${table}`, cause });
  }
}

export function readMark(engine: Engine): SnapshotMark | undefined {
  for (const { value } of engine.rows(Table.meta, markKey)) return parseRow(value, Table.meta);
  return undefined;
}

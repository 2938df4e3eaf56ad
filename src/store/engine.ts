/**
 * What the store asks of the engine below it: an append-only log of values under rising sequence numbers, and small tables. Nothing
 * above `store/` knows which engine runs.
 */

/** A key of a table: compared part by part. */
export type TableKey = readonly (number | string)[];

export interface Engine {
  /** Keeps `value` under `seq`. Resolves when it is on disk. `value` may be reused after that. */
  append(seq: number, value: Buffer): Promise<void>;
  /** Values from `fromSeq` on, in order. Each value is valid until the next step. */
  read(fromSeq: number): Iterable<{ readonly seq: number; readonly value: Buffer }>;
  /** One value, or undefined when it was never there or has been dropped. */
  get(seq: number): Buffer | undefined;
  /** Puts another value in the place of one that is there. Resolves when it is on disk. `value` may be reused after that. */
  replace(seq: number, value: Buffer): Promise<void>;
  /** First and last sequence number kept; undefined when the log is empty. */
  bounds(): { readonly first: number; readonly last: number } | undefined;
  /** Drops one value. Resolves when it is done. */
  drop(seq: number): Promise<void>;

  put(table: string, key: TableKey, value: Buffer): Promise<void>;
  delete(table: string, key: TableKey): Promise<void>;
  /** Rows of a table whose key starts with `prefix`, in order of their keys. */
  rows(table: string, prefix?: TableKey): Iterable<{ readonly key: TableKey; readonly value: Buffer }>;
  close(): Promise<void>;
}

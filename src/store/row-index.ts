/**
 * Look-ups from something a row says to the rows that say it. The registry keeps them up to date: a row that changes is removed and added
 * again. They check nothing.
 */
import type { RowId, TableName, Tables } from './rows.js';

/** What the registry needs of an index, whatever its rows. */
export interface RowIndex {
  add(row: Tables[TableName]): void;
  remove(row: Tables[TableName]): void;
}

/** Indexes of tables, told of every change of their rows. */
export type IndexesByTable = { readonly [N in TableName]?: readonly RowIndex[] };

/** A look-up from a key of a row, or from several, to its rows. */
export class Index<R extends Tables[TableName]> implements RowIndex {
  readonly #keysOf: (row: R) => RowId | readonly RowId[] | undefined;
  readonly #rows = new Map<RowId, R[]>();

  constructor(keysOf: (row: R) => RowId | readonly RowId[] | undefined) {
    this.#keysOf = keysOf;
  }

  get(key: RowId): readonly R[] {
    return this.#rows.get(key) ?? [];
  }

  add(row: R): void {
    for (const key of this.#keys(row)) {
      const rows = this.#rows.get(key);
      if (rows === undefined) this.#rows.set(key, [row]);
      else rows.push(row);
    }
  }

  /** Every row that has a key; one with several comes as often. */
  *rows(): IterableIterator<R> {
    for (const rows of this.#rows.values()) yield* rows;
  }

  remove(row: R): void {
    for (const key of this.#keys(row)) {
      const rows = this.#rows.get(key);
      const at = rows?.indexOf(row) ?? -1;
      if (at >= 0) rows?.splice(at, 1);
      if (rows?.length === 0) this.#rows.delete(key);
    }
  }

  #keys(row: R): readonly RowId[] {
    const keys = this.#keysOf(row);
    if (keys === undefined) return [];
    return typeof keys === 'object' ? keys : [keys];
  }
}

/**
 * The embedded engine: LMDB through the `lmdb` package, whose prebuilt binaries come inside the registry package. A write resolves
 * after the sync of its commit (the package's default; it is never switched off).
 */
import { type Database, open, type RootDatabase } from 'lmdb';
import { StoreError } from '../errors.js';
import type { Engine, TableKey } from './engine.js';

export interface LmdbOptions {
  readonly path: string;
  /** For a second process that only reads, beside a running gateway. */
  readonly readOnly?: boolean;
}

type Key = (number | string)[];

export class LmdbEngine implements Engine {
  readonly #root: RootDatabase<Buffer, Key>;
  readonly #log: Database<Buffer, number>;
  readonly #tables = new Map<string, Database<Buffer, Key>>();
  readonly #readOnly: boolean;

  /** Throws `StoreError` `store_corrupt` when the files are not a database of ours. */
  constructor(options: LmdbOptions) {
    this.#readOnly = options.readOnly ?? false;
    try {
      this.#root = open<Buffer, Key>({
        path: options.path,
        encoding: 'binary',
        readOnly: this.#readOnly,
        maxDbs: 16,
        noMemInit: true,
      });
      this.#log = this.#root.openDB<Buffer, number>({ name: 'log', encoding: 'binary' });
    } catch (cause) {
      throw new StoreError('store_corrupt', { at: options.path, cause });
    }
  }

  async append(seq: number, value: Buffer): Promise<void> {
    await this.#log.put(seq, value);
  }

  *read(fromSeq: number): Iterable<{ seq: number; value: Buffer }> {
    for (const { key, value } of this.#log.getRange({ start: fromSeq })) yield { seq: key, value };
  }

  get(seq: number): Buffer | undefined {
    return this.#log.get(seq);
  }

  bounds(): { first: number; last: number } | undefined {
    const [first] = [...this.#log.getKeys({ limit: 1 })];
    const [last] = [...this.#log.getKeys({ limit: 1, reverse: true })];
    return first === undefined || last === undefined ? undefined : { first, last };
  }

  async drop(seq: number): Promise<void> {
    await this.#log.remove(seq);
  }

  async put(table: string, key: TableKey, value: Buffer): Promise<void> {
    await this.#table(table).put([...key], value);
  }

  async delete(table: string, key: TableKey): Promise<void> {
    await this.#table(table).remove([...key]);
  }

  *rows(table: string, prefix: TableKey = []): Iterable<{ key: TableKey; value: Buffer }> {
    const options = prefix.length === 0 ? {} : { start: [...prefix] };
    for (const { key: stored, value } of this.#table(table).getRange(options)) {
      // A key of one part comes back as that part.
      const key: TableKey = Array.isArray(stored) ? stored : [stored];
      if (!prefix.every((part, i) => key[i] === part)) return;
      yield { key, value };
    }
  }

  /** Copies everything, as it is at one moment, into an empty directory. */
  async copyTo(directory: string): Promise<void> {
    await this.#root.backup(directory, false);
  }

  async close(): Promise<void> {
    await this.#root.close();
  }

  #table(name: string): Database<Buffer, Key> {
    let table = this.#tables.get(name);
    if (table === undefined) {
      table = this.#root.openDB<Buffer, Key>({ name: `table:${name}`, encoding: 'binary' });
      this.#tables.set(name, table);
    }
    return table;
  }
}

/**
 * The embedded engine: LMDB through the `lmdb` package, whose prebuilt binaries come inside the registry package. A write resolves
 * after the sync of its commit (the package's default; it is never switched off).
 *
 * Writes of one turn of the event loop are not batched by the package: the journal does that, and a batch that fails leaves a promise
 * behind that nobody can catch.
 */
import { type Database, open, type RootDatabase } from 'lmdb';
import { StoreError } from '../errors.js';
import type { Engine, TableKey } from './engine.js';
import { checkDataFile } from './lmdb-file.js';

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
    if (!this.#readOnly) checkDataFile(options.path);
    try {
      this.#root = open<Buffer, Key>({
        path: options.path,
        encoding: 'binary',
        readOnly: this.#readOnly,
        maxDbs: 16,
        noMemInit: true,
        eventTurnBatching: false,
      });
      this.#log = this.#root.openDB<Buffer, number>({ name: 'log', encoding: 'binary' });
    } catch (cause) {
      throw new StoreError('store_corrupt', { at: options.path, got: String(cause), cause });
    }
  }

  async append(seq: number, value: Buffer): Promise<void> {
    await written(this.#log.put(seq, value));
  }

  *read(fromSeq: number): Iterable<{ seq: number; value: Buffer }> {
    const values = readable('log', () => this.#log.getRange({ start: fromSeq }));
    for (const { key, value } of values) yield { seq: key, value };
  }

  get(seq: number): Buffer | undefined {
    return this.#log.get(seq);
  }

  async replace(seq: number, value: Buffer): Promise<void> {
    await written(this.#log.put(seq, value));
  }

  bounds(): { first: number; last: number } | undefined {
    const [first] = [...this.#log.getKeys({ limit: 1 })];
    const [last] = [...this.#log.getKeys({ limit: 1, reverse: true })];
    return first === undefined || last === undefined ? undefined : { first, last };
  }

  async drop(seq: number): Promise<void> {
    await written(this.#log.remove(seq));
  }

  async put(table: string, key: TableKey, value: Buffer): Promise<void> {
    await written(this.#writable(table).put([...key], value));
  }

  async delete(table: string, key: TableKey): Promise<void> {
    await written(this.#writable(table).remove([...key]));
  }

  *rows(table: string, prefix: TableKey = []): Iterable<{ key: TableKey; value: Buffer }> {
    const options = prefix.length === 0 ? {} : { start: [...prefix] };
    for (const { key, value } of readable(table, () => this.#table(table)?.getRange(options) ?? [])) {
      const parts = partsOf(key);
      if (!prefix.every((part, i) => parts[i] === part)) return;
      yield { key: parts, value };
    }
  }

  /** Copies everything, as it is at one moment, into an empty directory. */
  async copyTo(directory: string): Promise<void> {
    await this.#root.backup(directory, false);
  }

  async close(): Promise<void> {
    await this.#root.close();
  }

  #writable(name: string): Database<Buffer, Key> {
    const table = this.#table(name);
    if (table === undefined) throw new StoreError('store_write', { at: `table ${name}` });
    return table;
  }

  /** Undefined when this process only reads and nobody has made the table yet. */
  #table(name: string): Database<Buffer, Key> | undefined {
    let table = this.#tables.get(name);
    if (table === undefined) {
      table = this.#root.openDB<Buffer, Key>({ name: `table:${name}`, encoding: 'binary' });
      if (table !== undefined) this.#tables.set(name, table);
    }
    return table;
  }
}

/** What a damaged file makes of reading is a typed error. */
function* readable<T>(table: string, open: () => Iterable<T>): Generator<T> {
  try {
    yield* open();
  } catch (cause) {
    throw cause instanceof StoreError ? cause : new StoreError('store_corrupt', { at: table, cause });
  }
}

/** The package gives a key of one part back as that part. */
function partsOf(key: Key | number | string): Key {
  return Array.isArray(key) ? key : [key];
}

/** A failed commit tells its reason by a second promise: unless that is caught too, the process ends. */
async function written(write: Promise<boolean>): Promise<void> {
  try {
    await write;
  } catch (error) {
    const { commitError } = error as { commitError?: Promise<never> };
    const reason = commitError?.catch((cause: unknown) => cause);
    throw (await Promise.race([reason, nextTurn()])) ?? error;
  }
}

function nextTurn(): Promise<undefined> {
  return new Promise((resolve) => setImmediate(resolve, undefined));
}

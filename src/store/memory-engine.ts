/**
 * The engine of `--ephemeral`: the same contract in memory, nothing on disk. The log keeps its newest values up to a size.
 */
import type { Engine, TableKey } from './engine.js';

export class MemoryEngine implements Engine {
  readonly #log = new Map<number, Buffer>();
  readonly #tables = new Map<string, Map<string, { key: TableKey; value: Buffer }>>();
  readonly #limitBytes: number;
  #sizeBytes = 0;
  #last = 0;

  constructor(limitBytes = 64 * 1024 * 1024) {
    this.#limitBytes = limitBytes;
  }

  async append(seq: number, value: Buffer): Promise<void> {
    this.#sizeBytes += value.length - (this.#log.get(seq)?.length ?? 0);
    this.#log.set(seq, Buffer.from(value));
    this.#last = seq;
    for (const [oldest, { length }] of this.#log) {
      if (this.#sizeBytes <= this.#limitBytes) break;
      this.#log.delete(oldest);
      this.#sizeBytes -= length;
    }
  }

  *read(fromSeq: number): Iterable<{ seq: number; value: Buffer }> {
    for (const [seq, value] of this.#log) if (seq >= fromSeq) yield { seq, value };
  }

  get(seq: number): Buffer | undefined {
    return this.#log.get(seq);
  }

  async replace(seq: number, value: Buffer): Promise<void> {
    this.#sizeBytes += value.length - (this.#log.get(seq)?.length ?? 0);
    this.#log.set(seq, Buffer.from(value));
  }

  bounds(): { first: number; last: number } | undefined {
    const first = this.#log.keys().next();
    return first.done === true ? undefined : { first: first.value, last: this.#last };
  }

  async drop(seq: number): Promise<void> {
    this.#sizeBytes -= this.#log.get(seq)?.length ?? 0;
    this.#log.delete(seq);
  }

  async put(table: string, key: TableKey, value: Buffer): Promise<void> {
    this.#table(table).set(JSON.stringify(key), { key: [...key], value: Buffer.from(value) });
  }

  async delete(table: string, key: TableKey): Promise<void> {
    this.#table(table).delete(JSON.stringify(key));
  }

  *rows(table: string, prefix: TableKey = []): Iterable<{ key: TableKey; value: Buffer }> {
    const matching = [...this.#table(table).values()].filter(({ key }) => prefix.every((part, i) => key[i] === part));
    yield* matching.sort((a, b) => compareKeys(a.key, b.key));
  }

  async close(): Promise<void> {}

  #table(name: string): Map<string, { key: TableKey; value: Buffer }> {
    let table = this.#tables.get(name);
    if (table === undefined) {
      table = new Map();
      this.#tables.set(name, table);
    }
    return table;
  }
}

/** Numbers before texts, then part by part: the order of LMDB's keys. */
function compareKeys(a: TableKey, b: TableKey): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const left = a[i] as number | string;
    const right = b[i] as number | string;
    if (left === right) continue;
    if (typeof left !== typeof right) return typeof left === 'number' ? -1 : 1;
    return left < right ? -1 : 1;
  }
  return a.length - b.length;
}

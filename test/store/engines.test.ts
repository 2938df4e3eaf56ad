/**
 * One suite for every engine: what the store relies on, in memory and on a disk.
 */
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Engine, TableKey } from '../../src/store/engine.js';
import { LmdbEngine } from '../../src/store/lmdb-engine.js';
import { MemoryEngine } from '../../src/store/memory-engine.js';
import { tempDir } from '../support/temp-dir.js';
import { Rig } from './rig.js';

const engines: readonly [string, () => Engine][] = [
  ['memory', () => new MemoryEngine()],
  ['lmdb', () => lmdbIn(tempDir())],
];

function lmdbIn(dir: string): Engine {
  const engine = new LmdbEngine({ path: join(dir, 'journal') });
  onTestFinished(() => engine.close().catch(() => {}));
  return engine;
}

const text = (rows: Iterable<{ value: Buffer }>) => Array.from(rows, ({ value }) => value.toString());
const keys = (rows: Iterable<{ key: TableKey }>) => Array.from(rows, ({ key }) => key);

describe.each(engines)('%s', (_, open) => {
  test('keeps values under their numbers, in order', async () => {
    const engine = open();
    expect(engine.bounds()).toBeUndefined();
    for (const seq of [1, 2, 3, 300, 70_000, 5_000_000_000]) await engine.append(seq, Buffer.from(`value ${seq}`));
    expect(text(engine.read(0))).toEqual([1, 2, 3, 300, 70_000, 5_000_000_000].map((seq) => `value ${seq}`));
    expect(Array.from(engine.read(3), ({ seq }) => seq)).toEqual([3, 300, 70_000, 5_000_000_000]);
    expect(engine.get(300)?.toString()).toBe('value 300');
    expect(engine.get(4)).toBeUndefined();
    expect(engine.bounds()).toEqual({ first: 1, last: 5_000_000_000 });
  });

  test('keeps a copy', async () => {
    const engine = open();
    const value = Buffer.from('first');
    await engine.append(1, value);
    value.write('later');
    expect(engine.get(1)?.toString()).toBe('first');
  });

  test('replaces a value', async () => {
    const engine = open();
    await engine.append(1, Buffer.from('first'));
    await engine.append(1, Buffer.from('second'));
    expect(text(engine.read(0))).toEqual(['second']);
  });

  test('puts another value in the place of one, wherever it stands', async () => {
    const engine = open();
    for (const seq of [1, 2, 3]) await engine.append(seq, Buffer.from(`value ${seq}`));
    const other = Buffer.from('other');
    await engine.replace(2, other);
    other.fill(0);
    expect(text(engine.read(0))).toEqual(['value 1', 'other', 'value 3']);
    expect(engine.bounds()).toEqual({ first: 1, last: 3 });
  });

  test('drops values', async () => {
    const engine = open();
    for (const seq of [1, 2, 3]) await engine.append(seq, Buffer.from(String(seq)));
    await Promise.all([engine.drop(1), engine.drop(2), engine.drop(99)]);
    expect(engine.bounds()).toEqual({ first: 3, last: 3 });
    expect(engine.get(1)).toBeUndefined();
  });

  test('keeps large values', async () => {
    const engine = open();
    const value = Buffer.alloc(9 * 1024 * 1024, 7);
    await engine.append(1, value);
    expect(engine.get(1)?.equals(value)).toBe(true);
  });

  test('keeps tables apart, and rows in the order of their keys', async () => {
    const engine = open();
    const put = (table: string, key: TableKey) => engine.put(table, key, Buffer.from(key.join('/')));
    await Promise.all([
      put('a', [10, 1]),
      put('a', [2, 300]),
      put('a', [2, 5]),
      put('b', ['x']),
      put('a', [2, 'text']),
    ]);
    expect(keys(engine.rows('a'))).toEqual([
      [2, 5],
      [2, 300],
      [2, 'text'],
      [10, 1],
    ]);
    expect(keys(engine.rows('a', [2]))).toHaveLength(3);
    expect(text(engine.rows('a', [2, 300]))).toEqual(['2/300']);
    expect(keys(engine.rows('a', [3]))).toEqual([]);
    expect(keys(engine.rows('none'))).toEqual([]);
    expect(keys(engine.rows('b'))).toEqual([['x']]);
    expect(keys(engine.rows('b', ['x']))).toEqual([['x']]);
    await engine.delete('a', [2, 300]);
    expect(keys(engine.rows('a', [2]))).toEqual([
      [2, 5],
      [2, 'text'],
    ]);
  });

  test('can be written to while it is read', async () => {
    const engine = open();
    for (let seq = 1; seq <= 20; seq++) await engine.append(seq, Buffer.from(String(seq)));
    const seen: string[] = [];
    for (const { seq, value } of engine.read(0)) {
      seen.push(value.toString());
      if (seq <= 10) await engine.drop(seq);
    }
    expect(seen.slice(0, 20)).toEqual(Array.from({ length: 20 }, (_each, i) => String(i + 1)));
    expect(engine.bounds()?.first).toBe(11);
  });

  test('carries a store through restarts', async () => {
    const engine = open();
    const rig = await Rig.open({ engine });
    const source = await rig.register('111');
    await rig.accept(source.id, [{ at: rig.clock.now(), fields: { a: 1, b: 'text' } }]);
    await rig.snapshots.run();
    await rig.accept(source.id, [{ at: rig.clock.now() + 1, fields: { c: true } }]);
    await rig.acceptUnreadable(source.id, Buffer.from('{ x')).settled;
    expect((await Rig.open({ engine })).picture()).toEqual(rig.picture());
  });
});

test('in memory only the newest values stay, up to a size', async () => {
  const engine = new MemoryEngine(1000);
  for (let seq = 1; seq <= 50; seq++) await engine.append(seq, Buffer.alloc(100));
  expect(engine.bounds()).toEqual({ first: 41, last: 50 });
});

import { describe, expect, test } from 'vitest';
import { VirtualClock } from '../../src/clock.js';
import type { Engine } from '../../src/store/engine.js';
import { decodeSeqs, keptFrames } from '../../src/store/history.js';
import { MemoryEngine } from '../../src/store/memory-engine.js';
import { readMark, Table } from '../../src/store/tables.js';
import { diskError, FailingEngine } from '../support/failing-engine.js';
import { settle, turn } from '../support/until.js';
import { Rig } from './rig.js';

const dayMs = 86_400_000;

function kept(engine: Engine, sourceId?: number): string[] {
  return [...keptFrames(engine, sourceId)].map(({ entry }) => `${entry.sourceId} ${entry.frame}`);
}

const sample = (rig: Rig, fields: Record<string, number>) => [{ at: rig.clock.now(), fields }];

describe('retention', () => {
  async function fiveDays(retention: {
    maxAgeMs: number;
    maxBytes: number;
  }): Promise<{ rig: Rig; engine: MemoryEngine }> {
    const engine = new MemoryEngine();
    const rig = await Rig.open({ engine, retention });
    const source = await rig.register('111');
    for (let day = 0; day < 5; day++) {
      await rig.accept(source.id, sample(rig, { [`field of day ${day}`]: day }));
      rig.clock.advance(dayMs);
    }
    await rig.snapshots.run();
    return { rig, engine };
  }

  test('by age drops frames and never current state', async () => {
    const { rig, engine } = await fiveDays({ maxAgeMs: 2.5 * dayMs, maxBytes: 0 });
    expect(kept(engine)).toHaveLength(2);
    expect(kept(engine, 1)).toEqual(kept(engine));
    const again = await Rig.open({ engine, clock: rig.clock });
    expect(again.picture()).toEqual(rig.picture());
    expect(again.field(1, 'field of day 0')).toBe(0);
    expect(again.store.registry.sourceByDeviceId('111')?.id).toBe(1);
  });

  test('by bytes keeps the newest', async () => {
    const { rig, engine } = await fiveDays({ maxAgeMs: 0, maxBytes: 300 });
    const frames = kept(engine);
    expect(frames.length).toBeGreaterThan(0);
    expect(frames.length).toBeLessThan(5);
    expect(frames.at(-1)).toContain('field of day 4');
    const sizeBytes = [...engine.read(0)].reduce((sum, { value }) => sum + value.length, 0);
    expect(sizeBytes).toBeLessThanOrEqual(300);
    expect(readMark(engine)?.keptBytes).toBe(sizeBytes);
    expect((await Rig.open({ engine })).picture()).toEqual(rig.picture());
  });

  test('of 0 and 0 keeps everything', async () => {
    const { engine } = await fiveDays({ maxAgeMs: 0, maxBytes: 0 });
    expect(kept(engine)).toHaveLength(5);
  });

  test('never drops what no snapshot holds yet', async () => {
    const engine = new FailingEngine();
    const rig = await Rig.open({ engine, retention: { maxAgeMs: 1, maxBytes: 1 } });
    await rig.accept(1, sample(rig, { a: 1 }));
    rig.clock.advance(dayMs);
    engine.tableFailure = diskError('EIO');
    await rig.snapshots.run();
    expect([rig.snapshotErrors.length, kept(engine).length]).toEqual([1, 1]);
    engine.tableFailure = undefined;
    await rig.snapshots.run();
    expect(kept(engine)).toHaveLength(0);
    expect((await Rig.open({ engine })).field(1, 'a')).toBe(1);
  });

  test('counts what a crashed process wrote and no snapshot has', async () => {
    const engine = new MemoryEngine();
    const clock = new VirtualClock();
    for (let i = 0; i < 4; i++) {
      const rig = await Rig.open({ engine, clock, retention: { maxAgeMs: 0, maxBytes: 400 } });
      for (let j = 0; j < 4; j++) await rig.accept(1, sample(rig, { [`${i} ${j}`]: 1 }));
      if (i === 3) await rig.snapshots.run();
    }
    const sizeBytes = [...engine.read(0)].reduce((sum, { value }) => sum + value.length, 0);
    expect(sizeBytes).toBeLessThanOrEqual(400);
    expect(kept(engine).length).toBeGreaterThan(1);
  });

  test('drops the index with the frames', async () => {
    const engine = new MemoryEngine();
    const rig = await Rig.open({ engine, retention: { maxAgeMs: dayMs, maxBytes: 0 } });
    for (let round = 0; round < 10; round++) {
      for (let i = 0; i < 100; i++) await rig.accept(1, sample(rig, { i }));
      rig.clock.advance(dayMs);
      await rig.snapshots.run();
    }
    expect([...engine.rows(Table.index)].length).toBeLessThanOrEqual(2);
    expect(kept(engine, 1)).toEqual(kept(engine));
  });

  test('lets go of the old even when nothing new comes', async () => {
    const { rig, engine } = await fiveDays({ maxAgeMs: 5 * dayMs, maxBytes: 0 });
    const before = kept(engine).length;
    rig.snapshots.start();
    rig.clock.advance(10 * dayMs);
    await settle();
    await rig.snapshots.stop();
    expect([before, kept(engine).length]).toEqual([5, 0]);
  });
});

describe('the index of a unit', () => {
  test('leads to the same frames as a full scan, in the same order', async () => {
    const engine = new MemoryEngine();
    let rig = await Rig.open({ engine });
    for (let i = 0; i < 300; i++) {
      const together = [1, 2, 3].filter((unit) => (i + unit) % 3 !== 0);
      await Promise.all(together.map((unit) => rig.accept(unit, sample(rig, { i }))));
      if (i % 40 === 0) await rig.acceptUnreadable(2, Buffer.from(`{ ${i}`)).settled;
      if (i % 70 === 69) await rig.snapshots.run();
      if (i % 110 === 109) rig = await Rig.open({ engine });
    }
    const all = kept(engine);
    for (const unit of [1, 2, 3]) expect(kept(engine, unit)).toEqual(all.filter((each) => each.startsWith(`${unit} `)));
    expect(kept(engine, 2).some((each) => each.includes('{ 40'))).toBe(true);
    expect(kept(engine, 4)).toEqual([]);
  });

  test('does so when a pass was cut short at any write', async () => {
    for (let writes = 0; writes < 8; writes++) {
      const engine = new FailingEngine();
      const rig = await Rig.open({ engine });
      for (let i = 0; i < 3; i++) await Promise.all([1, 2].map((unit) => rig.accept(unit, sample(rig, { i }))));
      await rig.snapshots.run();
      for (let i = 3; i < 6; i++) await Promise.all([1, 2].map((unit) => rig.accept(unit, sample(rig, { i }))));
      engine.tableWritesLeft = writes;
      await rig.snapshots.run();
      engine.tableWritesLeft = Number.POSITIVE_INFINITY;
      const again = await Rig.open({ engine });
      await again.accept(1, sample(again, { last: 1 }));
      await again.snapshots.run();
      const all = kept(engine);
      expect(all).toHaveLength(13);
      for (const unit of [1, 2]) expect(kept(engine, unit)).toEqual(all.filter((each) => each.startsWith(`${unit} `)));
    }
  });

  test('grows by rows of many commits, not by one row a snapshot', async () => {
    const engine = new MemoryEngine();
    const rig = await Rig.open({ engine });
    for (let i = 0; i < 600; i++) {
      await rig.accept(1, sample(rig, { i }));
      await rig.snapshots.run();
    }
    const rows = [...engine.rows(Table.index)].map(({ value }) => decodeSeqs(value).length);
    expect(rows.reduce((sum, each) => sum + each, 0)).toBe(600);
    expect(rows.length).toBeLessThanOrEqual(3);
  });
});

describe('a pass', () => {
  test('that fails loses nothing, and takes nothing newer back', async () => {
    const engine = new FailingEngine();
    const rig = await Rig.open({ engine });
    const title = (text: string) =>
      rig.store.change((tx) => tx.put('group', { id: 1, accountId: 1, title: text, color: '0' }));
    await title('first');
    engine.tableFailure = diskError('EIO');
    const pass = rig.snapshots.run();
    await title('second');
    await pass;
    expect(rig.store.registry.get('group', 1)?.title).toBe('second');
    engine.tableFailure = undefined;
    await rig.snapshots.run();
    const again = await Rig.open({ engine });
    expect(again.store.registry.get('group', 1)?.title).toBe('second');
    expect(again.report.replayedValues).toBe(0);
  });

  test('writes in slices and lets others work in between', async () => {
    const engine = new MemoryEngine();
    const rig = await Rig.open({ engine });
    await Promise.all(Array.from({ length: 3000 }, (_, i) => rig.accept(i + 1, sample(rig, { i }))));
    let turns = 0;
    let isOver = false;
    const pass = rig.snapshots.run().then(() => {
      isOver = true;
    });
    for (; !isOver; turns++) await turn();
    await pass;
    expect(turns).toBeGreaterThan(3000 / 256);
  });

  test('takes in while frames keep coming, and misses none', async () => {
    const engine = new MemoryEngine();
    const rig = await Rig.open({ engine });
    const accepted: Promise<number>[] = [];
    for (let i = 0; i < 200; i++) {
      accepted.push(rig.accept((i % 5) + 1, sample(rig, { [`f${i}`]: i })));
      if (i % 20 === 0) void rig.snapshots.run();
      if (i % 3 === 0) await turn();
    }
    await Promise.all(accepted);
    expect((await Rig.open({ engine })).picture()).toEqual(rig.picture());
  });

  test('writes nothing twice', async () => {
    const engine = new FailingEngine();
    const rig = await Rig.open({ engine });
    await rig.register('111');
    await rig.accept(1, sample(rig, { a: 1 }));
    await rig.snapshots.run();
    engine.tableWritesLeft = 1; // the mark
    await rig.snapshots.run();
    expect(rig.snapshotErrors).toEqual([]);
  });

  test('runs by itself a minute after something changed', async () => {
    const engine = new MemoryEngine();
    const rig = await Rig.open({ engine });
    rig.snapshots.start();
    await rig.accept(1, sample(rig, { a: 1 }));
    rig.clock.advance(59_000);
    await settle();
    expect(readMark(engine)).toBeUndefined();
    rig.clock.advance(2_000);
    await settle();
    expect(readMark(engine)?.cursor).toBe(1);
    await rig.register('111');
    rig.clock.advance(61_000);
    await settle();
    expect(readMark(engine)?.cursor).toBe(2);
    await rig.snapshots.stop();
  });

  test('joins the one that is under way', async () => {
    const rig = await Rig.open({ engine: new MemoryEngine() });
    const pass = rig.snapshots.run();
    expect(rig.snapshots.run()).toBe(pass);
    await pass;
  });
});

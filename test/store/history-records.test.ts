import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { defaultTimeRules } from '../../src/domain/time-rules.js';
import { fieldValue } from '../../src/domain/update.js';
import type { Engine } from '../../src/store/engine.js';
import { JournalHistory } from '../../src/store/history-records.js';
import { LmdbEngine } from '../../src/store/lmdb-engine.js';
import { MemoryEngine } from '../../src/store/memory-engine.js';
import { tempDir } from '../support/temp-dir.js';
import { decodeSamples, Rig } from './rig.js';

const minuteMs = 60_000;
const engines: readonly [string, () => Engine][] = [
  ['in memory', () => new MemoryEngine()],
  ['on disk', () => new LmdbEngine({ path: `${tempDir()}/journal` })],
];

describe.each(engines)('%s', (_, openEngine) => {
  let rig: Rig;
  let startMs: number;
  beforeEach(async () => {
    rig = await Rig.open({ engine: openEngine() });
    startMs = rig.clock.now();
  });
  afterEach(() => rig.store.close());

  const historyOf = () => {
    const { engine, units } = rig.store;
    return new JournalHistory({ engine, units, decode: decodeSamples, timeRules: defaultTimeRules });
  };

  async function valuesOf(sourceIds: readonly number[], fromMs = startMs, toMs = startMs + 1000 * minuteMs) {
    const found: unknown[] = [];
    for await (const { sourceId, at, update } of historyOf().records({ sourceIds, fromMs, toMs })) {
      found.push([sourceId, (at - startMs) / minuteMs, fieldValue(update, 'x')]);
    }
    return found;
  }

  const report = (sourceId: number, minutes: readonly number[]) =>
    rig.accept(
      sourceId,
      minutes.map((minute) => ({ at: startMs + minute * minuteMs, fields: { x: minute } })),
    );

  test('finds records of a source before, while and after a snapshot is made', async () => {
    await report(1, [0, 1]);
    await report(2, [0]);
    await rig.snapshots.run();
    rig.clock.advance(5 * minuteMs);
    await report(1, [5]);
    const expected = [
      [1, 0, 0],
      [1, 1, 1],
      [1, 5, 5],
    ];
    expect(await valuesOf([1])).toEqual(expected);
    const running = rig.snapshots.run();
    expect(await valuesOf([1])).toEqual(expected);
    await running;
    expect(await valuesOf([1])).toEqual(expected);
    expect(await valuesOf([1, 2, 1])).toEqual([...expected, [2, 0, 0]]);
    expect(await valuesOf([3])).toEqual([]);
  });

  test('takes both ends of the span, and what came late', async () => {
    await report(1, [0]);
    rig.clock.advance(60 * minuteMs);
    await report(1, [60, 10]);
    expect(await valuesOf([1], startMs, startMs + 10 * minuteMs)).toEqual([
      [1, 0, 0],
      [1, 10, 10],
    ]);
    expect(await valuesOf([1], startMs + 10 * minuteMs, startMs + 60 * minuteMs)).toEqual([
      [1, 60, 60],
      [1, 10, 10],
    ]);
    expect(await valuesOf([1], startMs + 1, startMs + 10 * minuteMs - 1)).toEqual([]);
  });

  test('skips nothing that clocks ahead of time have sent', async () => {
    for (let minute = 0; minute < 30; minute += 3) {
      await report(1, [minute + 10]);
      rig.clock.advance(3 * minuteMs);
    }
    for (let from = 0; from < 40; from += 7) {
      const expected = [10, 13, 16, 19, 22, 25, 28, 31, 34, 37].filter((minute) => minute >= from);
      expect(await valuesOf([1], startMs + from * minuteMs)).toEqual(expected.map((minute) => [1, minute, minute]));
    }
  });

  test('leaves out what is from the future or cannot be read', async () => {
    await report(1, [0, 11]);
    await rig.acceptUnreadable(1, Buffer.from('x')).settled;
    expect(await valuesOf([1])).toEqual([[1, 0, 0]]);
  });

  test('goes on where values are no longer kept', async () => {
    const first = await report(1, [0]);
    rig.clock.advance(minuteMs);
    await report(1, [1]);
    await rig.snapshots.run();
    await rig.engine.drop(first);
    expect(await valuesOf([1])).toEqual([[1, 1, 1]]);
  });
});

import { expect, test } from 'vitest';
import { MemoryEngine } from '../../src/store/memory-engine.js';
import { poisonArrivals } from '../../src/store/store.js';
import { diskError, FailingEngine } from '../support/failing-engine.js';
import { decodeSamples, encodeSamples, Rig } from './rig.js';

const bytes = Buffer.from('{ not a frame');

async function arrive(rig: Rig, sourceId = 1, frame = bytes): Promise<boolean> {
  const { release, settled } = rig.acceptUnreadable(sourceId, frame);
  expect(await settled).toBeUndefined();
  return release;
}

test('an unreadable frame is set free at its third arrival, and from then on', async () => {
  const rig = await Rig.open({ engine: new MemoryEngine() });
  const releases = [];
  for (let i = 0; i < 5; i++) releases.push(await arrive(rig));
  expect([poisonArrivals, releases]).toEqual([3, [false, false, true, true, true]]);
});

test('arrivals in one chunk count as well', async () => {
  const rig = await Rig.open({ engine: new MemoryEngine() });
  const arrivals = [1, 2, 3].map(() => rig.acceptUnreadable(1, bytes));
  expect(arrivals.map((each) => each.release)).toEqual([false, false, true]);
  await Promise.all(arrivals.map((each) => each.settled));
});

test.each([
  ['', false],
  [', after a snapshot', true],
])('arrivals are counted across restarts%s', async (_, withSnapshot) => {
  const engine = new MemoryEngine();
  for (const expected of [false, false, true]) {
    const rig = await Rig.open({ engine });
    expect(await arrive(rig)).toBe(expected);
    if (withSnapshot) await rig.snapshots.run();
  }
});

test('other bytes and other units have counts of their own', async () => {
  const rig = await Rig.open({ engine: new MemoryEngine() });
  await arrive(rig);
  await arrive(rig);
  expect(await arrive(rig, 2)).toBe(false);
  expect(await arrive(rig, 1, Buffer.from('{ neither'))).toBe(false);
  expect(await arrive(rig)).toBe(true);
});

test('the bytes are kept once, as they came', async () => {
  const engine = new MemoryEngine();
  const rig = await Rig.open({ engine });
  for (let i = 0; i < 3; i++) await arrive(rig);
  const copies = [...engine.read(0)].filter(({ value }) => value.includes(bytes)).map(({ seq }) => seq);
  expect(copies).toEqual([1]);
});

test('an arrival that could not be kept does not count', async () => {
  const engine = new FailingEngine();
  const rig = await Rig.open({ engine });
  await arrive(rig);
  engine.failure = diskError('ENOSPC');
  for (let i = 0; i < 5; i++) expect((await rig.acceptUnreadable(1, bytes).settled)?.code).toBe('store_write');
  engine.failure = undefined;
  expect([await arrive(rig), await arrive(rig)]).toEqual([false, true]);
});

test('a first arrival that could not be kept is kept at the next', async () => {
  const engine = new FailingEngine();
  const rig = await Rig.open({ engine });
  engine.failure = diskError('ENOSPC');
  await rig.acceptUnreadable(1, bytes).settled;
  engine.failure = undefined;
  await arrive(rig);
  expect([...engine.read(0)].filter(({ value }) => value.includes(bytes))).toHaveLength(1);
});

test('a unit that sends ever new garbage is remembered to a bounded length', async () => {
  const rig = await Rig.open({ engine: new MemoryEngine() });
  await arrive(rig, 2);
  for (let i = 0; i < 100; i++) {
    rig.clock.advance(1000);
    await arrive(rig, 1, Buffer.from(`{ ${i}`));
  }
  const { registry } = rig.store;
  expect(registry.poisonOfSource(1).length).toBeLessThanOrEqual(32);
  expect(registry.poisonOfSource(2)).toHaveLength(1);
  expect(registry.poisonOfSource(1).at(-1)?.lastAt).toBe(rig.clock.now());
});

test('a decoder that learns to read it mends the past', async () => {
  const engine = new MemoryEngine();
  const rig = await Rig.open({ engine });
  const at = rig.clock.now();
  await arrive(rig, 1, Buffer.concat([Buffer.from('v2'), encodeSamples([{ at, fields: { a: 1 } }])]));
  await rig.snapshots.run();
  const mended = await Rig.open({
    engine,
    decoderVersion: 2,
    decode: (entry) => decodeSamples({ ...entry, frame: entry.frame.subarray(2) }),
  });
  expect(mended.field(1, 'a')).toBe(1);
});

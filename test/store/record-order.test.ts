import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { FieldValue } from '../../src/domain/update.js';
import { readFrames } from '../../src/store/entries.js';
import { MemoryEngine } from '../../src/store/memory-engine.js';
import { RecordOrder } from '../../src/store/record-order.js';
import { decodeSamples, Rig } from './rig.js';

const startAt = Date.UTC(2026, 0, 1);

/** What comes out for records of one source, each frame in a commit of its own. */
async function ordered(frames: readonly (readonly (readonly [second: number, value: number])[])[]): Promise<unknown[]> {
  const rig = await Rig.open({ engine: new MemoryEngine() });
  const { id } = await rig.register('111');
  const other = await rig.register('222');
  for (const records of frames) {
    await rig.accept(other.id, [{ at: startAt, fields: { n: -1 } }]);
    await rig.accept(
      id,
      records.map(([second, n]) => ({ at: startAt + second * 1000, fields: { n } })),
    );
  }
  const order = new RecordOrder({
    engine: rig.engine,
    decode: decodeSamples,
    framesIn: (value) => readFrames(value, (sourceId) => sourceId === id),
    timeOf: ({ at }) => (at >= startAt ? at : undefined),
  });
  for (const _ of order.collect(rig.engine.read(0)));
  return [...order.records()].map(({ at, update }) => [(at - startAt) / 1000, update.values[0] as FieldValue]);
}

test.each([
  [
    'in order',
    [
      [
        [1, 1],
        [2, 2],
      ],
      [[3, 3]],
    ],
    [
      [1, 1],
      [2, 2],
      [3, 3],
    ],
  ],
  [
    'the newest first',
    [
      [
        [3, 3],
        [2, 2],
        [1, 1],
      ],
    ],
    [
      [1, 1],
      [2, 2],
      [3, 3],
    ],
  ],
  [
    'twice',
    [
      [
        [1, 1],
        [2, 2],
      ],
      [[2, 2]],
      [[1, 1]],
    ],
    [
      [1, 1],
      [2, 2],
    ],
  ],
  [
    'of one time with other content',
    [[[1, 1]], [[1, 2]], [[1, 1]]],
    [
      [1, 1],
      [1, 2],
    ],
  ],
  ['from before the span', [[[-1, 1]], [[0, 2]]], [[0, 2]]],
  ['none', [[]], []],
] as const)('records that come %s', async (_, frames, expected) => {
  expect(await ordered(frames)).toEqual(expected);
});

test('whatever the order in which they came, records go out by their times, each once', async () => {
  const record = fc.tuple(fc.nat(60), fc.nat(1));
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(record, { maxLength: 6 }), { maxLength: 25 }), async (frames) => {
      const out = (await ordered(frames)) as [number, number][];
      const wanted = new Set(frames.flat().map(String));
      expect(out.map(([second]) => second)).toEqual(out.map(([second]) => second).sort((a, b) => a - b));
      expect(out.map(String).sort()).toEqual([...wanted].sort());
    }),
    { numRuns: 40 },
  );
});

test('what is dropped between the passes is passed over', async () => {
  const rig = await Rig.open({ engine: new MemoryEngine() });
  const { id } = await rig.register('111');
  const seqs = [];
  for (const n of [1, 2, 3]) seqs.push(await rig.accept(id, [{ at: startAt + n, fields: { n } }]));
  const { engine } = rig;
  const order = new RecordOrder({
    engine,
    decode: decodeSamples,
    framesIn: (value) => readFrames(value, () => true),
    timeOf: ({ at }) => at,
  });
  for (const _ of order.collect(engine.read(0)));
  expect(order.size).toBe(3);
  await engine.drop(seqs[1]!);
  expect([...order.records()].map(({ update }) => update.values[0])).toEqual([1, 3]);
});

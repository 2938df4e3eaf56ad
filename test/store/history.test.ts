import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  EntryKind,
  encodeContext,
  readEntries,
  readFrames,
  ValueBuilder,
  withoutFrames,
} from '../../src/store/entries.js';
import { decodeSeqs, encodeSeqs, lastSeqOf, sourcesOf } from '../../src/store/history.js';
import { MemoryEngine } from '../../src/store/memory-engine.js';
import { codeOf } from '../support/codes.js';
import { Rig } from './rig.js';

const rising = fc
  .array(fc.integer({ min: 1, max: 2 ** 40 }), { maxLength: 50 })
  .map((steps) => steps.map((_, i) => steps.slice(0, i + 1).reduce((sum, each) => sum + each, 0)));

test('commit numbers survive the index, however large', () => {
  fc.assert(
    fc.property(rising, (seqs) => {
      expect(decodeSeqs(encodeSeqs(seqs))).toEqual(seqs);
      expect(lastSeqOf(encodeSeqs(seqs))).toBe(seqs.at(-1) ?? 0);
    }),
  );
});

test('an index row that ends in the middle of a number is a typed error', () => {
  expect(codeOf(() => decodeSeqs(encodeSeqs([1, 1000]).subarray(0, 2)))).toBe('store_corrupt');
});

test('entries survive their value', () => {
  const frame = fc.record({
    kind: fc.constantFrom<number>(EntryKind.frame, EntryKind.undecodable),
    sourceId: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    receivedAt: fc.integer({ min: 0, max: 2 ** 50 }),
    session: fc.string({ unit: 'binary' }),
    bytes: fc.uint8Array({ maxLength: 3000 }),
  });
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 60 }), (frames) => {
      const builder = new ValueBuilder();
      builder.begin(1);
      for (const { kind, sourceId, receivedAt, session, bytes } of frames) {
        const context = encodeContext({ protocol: 'p', transport: 'udp', deviceId: 'd', model: 'm', session });
        builder.addFrame(kind, { sourceId, receivedAt, context, bytes: Buffer.from(bytes) });
      }
      const read = [...readEntries(Buffer.from(builder.view()))];
      expect(read).toEqual(
        frames.map(({ kind, sourceId, receivedAt, session, bytes }) => ({
          kind: kind === EntryKind.frame ? 'frame' : 'undecodable',
          sourceId,
          receivedAt,
          context: { protocol: 'p', transport: 'udp', deviceId: 'd', model: 'm', session },
          frame: Buffer.from(bytes),
        })),
      );
    }),
    { numRuns: 30 },
  );
});

test('entries that outgrow the memory of a value are kept whole', () => {
  const length = fc.integer({ min: 0, max: 200_000 });
  const entry = fc.record({ isRows: fc.boolean(), length });
  const context = encodeContext({ protocol: 'p', transport: 'udp', deviceId: 'd', model: 'm', session: 's' });
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 8 }), (entries) => {
      const builder = new ValueBuilder();
      builder.begin(1);
      for (const { isRows, length } of entries) {
        const bytes = Buffer.alloc(length, 'x');
        if (isRows) builder.addRows([{ table: 'counters', id: length, row: bytes.toString() } as never]);
        else builder.addFrame(EntryKind.frame, { sourceId: length, receivedAt: 1, context, bytes });
      }
      const read = [...readEntries(Buffer.from(builder.view()))];
      const kept = read.map((one) =>
        one.kind === 'rows'
          ? one.changes.map(({ id, row }) => ({ isRows: true, length: id, kept: String(row).length }))
          : [{ isRows: false, length: one.sourceId, kept: one.frame.length }],
      );
      expect(kept.flat()).toEqual(entries.map((entry) => ({ ...entry, kept: entry.length })));
    }),
    { numRuns: 50 },
  );
});

test('frames that are erased leave the others and their places as they are', () => {
  const builder = new ValueBuilder();
  builder.begin(1);
  const context = encodeContext({ protocol: 'p', transport: 'udp', deviceId: 'd', model: 'm', session: 's' });
  const add = (sourceId: number, receivedAt: number, kind: number = EntryKind.frame) =>
    builder.addFrame(kind, { sourceId, receivedAt, context, bytes: Buffer.from(`${sourceId} at ${receivedAt}`) });
  add(1, 10);
  add(2, 11);
  builder.addRows([]);
  add(1, 20, EntryKind.undecodable);
  add(3, 21);
  add(1, 30);
  const value = Buffer.from(builder.view());
  const places = (from: Buffer) =>
    [...readFrames(from, () => true)].map(({ index, entry }) => [index, entry.frame.toString()]);
  expect(withoutFrames(value, () => false)).toBeUndefined();
  const left = withoutFrames(value, (sourceId, receivedAt) => sourceId === 1 && receivedAt <= 20)!;
  const expected = places(value).filter(([, frame]) => frame !== '1 at 10' && frame !== '1 at 20');
  expect(places(left)).toEqual(expected);
  expect(left.includes('1 at 10') || left.includes('1 at 20')).toBe(false);
  expect([...readEntries(left)].map(({ kind }) => kind)).toEqual(['frame', 'rows', 'frame', 'frame']);
  const nothing = withoutFrames(left, () => true)!;
  expect(places(nothing)).toEqual([]);
  expect(withoutFrames(nothing, () => true)).toBeUndefined();
});

test('sources are found by their identity before and after a snapshot', async () => {
  const engine = new MemoryEngine();
  const rig = await Rig.open({ engine });
  await rig.register('111');
  await rig.register('222');
  expect([sourcesOf(engine, '111'), sourcesOf(engine, '333')]).toEqual([[1], []]);
  await rig.snapshots.run();
  await rig.store.change((tx) => tx.put('source', { ...rig.store.registry.get('source', 1)!, corrupted: true }));
  await rig.register('111');
  expect(sourcesOf(engine, '111')).toEqual([1, 3]);
});

/** Records of the present owner, and of those before. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ownRecords } from '../../src/domain/ownership.js';
import { UpdateBuilder } from '../../src/domain/update.js';

const receivedAt = Date.UTC(2026, 5, 15);
const rolloverMs = 1024 * 7 * 86_400_000;
const record = (at: number) => new UpdateBuilder().build(at);

test('everything is the owner’s where there was none before', () => {
  const records = [record(0), record(receivedAt)];
  expect(ownRecords(records, receivedAt, undefined)).toBe(records);
});

test('what was made before is left out, what was made since stays in order', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -1000, max: 1000 })), (offsets) => {
      const notBefore = receivedAt - 5000;
      const kept = ownRecords(
        offsets.map((offset) => record(notBefore + offset)),
        receivedAt,
        notBefore,
      );
      expect(kept.map(({ at }) => at - notBefore)).toEqual(offsets.filter((offset) => offset >= 0));
    }),
  );
});

test('a receiver whose count of weeks has run over is judged by the right time', () => {
  const notBefore = receivedAt - 5000;
  const [own, old] = [record(receivedAt - rolloverMs), record(notBefore - 1 - rolloverMs)];
  expect(ownRecords([own, old], receivedAt, notBefore)).toEqual([own]);
});

test('a clock that was never set proves nothing: the record is nobody’s', () => {
  expect(ownRecords([record(Date.UTC(2000, 0, 1))], receivedAt, receivedAt - 5000)).toEqual([]);
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FixesByHour } from '../../../src/http/navixy/fixes-by-hour.js';

const startAt = Date.UTC(2026, 5, 15, 12);
const fixes = fc.array(
  fc.record({
    at: fc.oneof(
      fc.integer({ min: startAt, max: startAt + 31 * 86_400_000 }),
      fc.integer({ min: startAt, max: startAt + 7_200_000 }),
      fc.integer({ min: startAt + 3_599_990, max: startAt + 3_600_010 }),
    ),
    lat: fc.double({ min: -90, max: 90, noNaN: true }),
    lng: fc.double({ min: -180, max: 180, noNaN: true }),
    speedKmh: fc.integer({ min: 0, max: 1000 }),
  }),
  { maxLength: 400 },
);

test('fixes come out by their times, those of one time as they came', () => {
  fc.assert(
    fc.property(fixes, (given) => {
      const held = new FixesByHour(1000);
      for (const fix of given) expect(held.add(fix)).toBe(true);
      expect([...held.inOrder()]).toEqual([...given].sort((left, right) => left.at - right.at));
    }),
  );
});

test('one more than there is room for is not taken', () => {
  const held = new FixesByHour(2);
  const fix = { at: startAt, lat: 1, lng: 2, speedKmh: 3.5 };
  expect([1, 2, 3].map(() => held.add(fix))).toEqual([true, true, false]);
  expect([...held.inOrder()]).toEqual([fix, fix]);
});

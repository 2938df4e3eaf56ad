import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { FieldValue, StateUpdate } from '../../src/domain/update.js';
import { RecordColumns } from '../../src/store/record-columns.js';

const known = fc.option(fc.double({ noNaN: true }), { nil: undefined });
const degrees = fc.option(fc.double({ min: -180, max: 180, noNaN: true }), { nil: null });
const value: fc.Arbitrary<FieldValue> = fc.oneof(
  fc.double({ noNaN: true }),
  fc.integer(),
  fc.boolean(),
  fc.string(),
  fc.array(fc.record({ mac: fc.string(), rssi: fc.integer() }), { maxLength: 3 }),
);

const update: fc.Arbitrary<StateUpdate> = fc
  .record({
    at: fc.integer({ min: 0, max: 8.64e15 }),
    timed: fc.boolean(),
    backlog: fc.boolean(),
    position: fc.option(
      fc.record({
        lat: degrees,
        lng: degrees,
        valid: fc.boolean(),
        speedKmh: known,
        headingDeg: known,
        altitudeM: known,
        satellites: known,
      }),
    ),
    values: fc.array(value, { maxLength: 40 }),
  })
  .map((each) => ({ ...each, names: each.values.map((_, i) => `field_${i}`) }));

test('records come out as they went in, however many, also after others were forgotten', () => {
  const columns = new RecordColumns();
  fc.assert(
    fc.property(fc.array(update, { maxLength: 100 }), (updates) => {
      columns.clear();
      for (const each of updates) columns.add(each);
      expect(columns.count).toBe(updates.length);
      expect(updates.map((_, i) => columns.record(i))).toEqual(updates);
    }),
  );
});

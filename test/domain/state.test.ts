/** The fold from records to state: late never overwrites newer, field by field, and repeating changes nothing. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { maxFieldsPerUnit, snapshotOf, stateFrom, type TripDetection, UnitState } from '../../src/domain/state.js';
import { type FieldValue, type Position, type StateUpdate, UpdateBuilder } from '../../src/domain/update.js';
import { fix } from '../support/arbitraries.js';

const startAt = Date.UTC(2026, 0, 1);
const minute = 60_000;

function record(at: number, values: Record<string, FieldValue>, position: Position | null = null): StateUpdate {
  const builder = new UpdateBuilder();
  for (const [name, value] of Object.entries(values)) builder.set(name, value);
  return builder.build(at, { position });
}

function fold(updates: readonly StateUpdate[], state = new UnitState()): UnitState {
  for (const update of updates) state.apply(update, update.at, startAt);
  return state;
}

function fixAt(speedKmh: number | undefined, more: Partial<Position> = {}): Position {
  return { lat: 51.5, lng: -0.12, valid: true, speedKmh, headingDeg: 90, altitudeM: 10, satellites: 9, ...more };
}

/** What the state says besides movement, which only goes forward. */
function said(state: UnitState) {
  const { lat, lng, altitudeM, headingDeg, speedKmh, satellites, fixAt: at, positionAt, recordAt, fields } = state;
  const named = fields.names
    .slice(0, fields.size)
    .map((name, i) => [name, fields.valueAt(i), fields.timeAt(i)] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return { lat, lng, altitudeM, headingDeg, speedKmh, satellites, at, positionAt, recordAt, named };
}

const values = fc.dictionary(
  fc.constantFrom('ignition', 'moving', 'hdop', 'analog_1', 'can_rpm', 'alarm'),
  fc.oneof(fc.boolean(), fc.integer()),
);
const position = fc.option(fc.oneof(fix, fc.constant({ ...fixAt(0), valid: false, lat: null, lng: null })));

/** Records of one unit, every one at another time. */
const history = fc
  .uniqueArray(fc.tuple(fc.nat(1000), values, position), { selector: ([second]) => second, maxLength: 12 })
  .map((rows) => rows.map(([second, named, place]) => record(startAt + second * 1000, named, place)));

describe('fold', () => {
  test('the order of records does not matter', () => {
    fc.assert(
      fc.property(history, fc.infiniteStream(fc.nat()), (records, keys) => {
        const shuffled = records
          .map((each) => ({ each, key: keys.next().value as number }))
          .sort((a, b) => a.key - b.key);
        expect(said(fold(shuffled.map(({ each }) => each)))).toEqual(said(fold(records)));
      }),
    );
  });

  test('applying again changes nothing, in any order', () => {
    fc.assert(
      fc.property(history, (records) => {
        const ordered = [...records].sort((a, b) => a.at - b.at);
        const state = fold(ordered);
        const before = structuredClone(snapshotOf(state));
        fold(ordered, state);
        fold([...records].reverse(), state);
        expect(snapshotOf(state)).toEqual(before);
      }),
    );
  });

  test('every field has the value of the newest record that names it', () => {
    fc.assert(
      fc.property(history, (records) => {
        const { fields } = fold(records);
        const newestFirst = [...records].sort((a, b) => b.at - a.at);
        for (const name of new Set(records.flatMap((each) => each.names))) {
          const newest = newestFirst.find((each) => each.names.includes(name)) as StateUpdate;
          expect(fields.get(name)).toEqual({ value: newest.values[newest.names.indexOf(name)], at: newest.at });
        }
      }),
    );
  });

  test('of two records of the same time the later applied one wins', () => {
    const state = fold([record(startAt, { hdop: 1, ignition: true }), record(startAt, { hdop: 2 })]);
    expect(state.fields.get('hdop')?.value).toBe(2);
    expect(state.fields.get('ignition')?.value).toBe(true);
  });

  test('a late record fills what is unknown and leaves the rest', () => {
    const state = fold([
      record(startAt + 5000, { ignition: true }, fixAt(50)),
      record(startAt, { ignition: false, hdop: 1.1 }, fixAt(10)),
    ]);
    expect(state.fields.get('ignition')).toEqual({ value: true, at: startAt + 5000 });
    expect(state.fields.get('hdop')).toEqual({ value: 1.1, at: startAt });
    expect(state.speedKmh).toBe(50);
    expect(state.fixAt).toBe(startAt + 5000);
  });

  test('a record without a fix keeps the place of the last one', () => {
    const lost = { ...fixAt(0), valid: false, lat: null, lng: null, satellites: 0 };
    const state = fold([record(startAt, {}, fixAt(50)), record(startAt + 1000, {}, lost)]);
    expect(state).toMatchObject({
      lat: 51.5,
      lng: -0.12,
      fixAt: startAt,
      positionAt: startAt + 1000,
      satellites: 0,
      speedKmh: 50,
    });
  });

  test('an invalid position with coordinates is no fix', () => {
    expect(fold([record(startAt, {}, { ...fixAt(50), valid: false })])).toMatchObject({
      lat: null,
      fixAt: 0,
      positionAt: startAt,
    });
  });

  test('fields beyond the limit are dropped, known ones go on', () => {
    const many = Object.fromEntries(Array.from({ length: maxFieldsPerUnit + 50 }, (_, i) => [`param_${i}`, i]));
    const state = fold([record(startAt, many), record(startAt + 1000, { param_3: -1, another: 1 })]);
    expect(state.fields.size).toBe(maxFieldsPerUnit);
    expect(state.fields.get('param_3')?.value).toBe(-1);
    expect(state.fields.get('another')).toBeUndefined();
  });

  test('names that mean something to JavaScript are names', () => {
    const state = new UnitState();
    const builder = new UpdateBuilder();
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) builder.set(name, 7);
    state.apply(builder.build(startAt), startAt, startAt);
    expect(state.fields.get('__proto__')?.value).toBe(7);
    expect(state.fields.get('constructor')?.value).toBe(7);
    expect(state.fields.get('fieldValue')).toBeUndefined();
  });

  test('units that report many different names do not disturb each other', () => {
    const units = Array.from({ length: 30 }, (_, unit) => {
      const named = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`own_${unit}_${i}`, unit * 1000 + i]));
      return fold([record(startAt, named), record(startAt + 1, { ...named, own_last: unit })]);
    });
    units.forEach((state, unit) => {
      expect(state.fields.size).toBe(301);
      expect(state.fields.get(`own_${unit}_299`)?.value).toBe(unit * 1000 + 299);
      expect(state.fields.get('own_last')?.value).toBe(unit);
    });
  });

  test('when the gateway heard from the unit never steps back', () => {
    const state = new UnitState();
    state.apply(record(startAt, {}), startAt, startAt + 9000);
    state.apply(record(startAt + 1, {}), startAt + 1, startAt + 5000);
    expect(state.heardAt).toBe(startAt + 9000);
    expect(state.recordAt).toBe(startAt + 1);
  });
});

describe('positions from cells', () => {
  const cell = (at: number) => record(at, { gps_lbs: true }, fixAt(undefined, { satellites: 0 }));

  test('replace the place and keep the last one of the receiver', () => {
    const state = fold([record(startAt, {}, fixAt(40)), cell(startAt + minute)]);
    expect(state.positionFromCells).toBe(true);
    expect(state.lastGpsPoint).toMatchObject({ at: startAt, speedKmh: 40 });
    fold([record(startAt + 2 * minute, {}, fixAt(30))], state);
    expect(state.positionFromCells).toBe(false);
    expect(state.lastGpsPoint).toBeNull();
  });

  test('say nothing about movement', () => {
    const state = fold([record(startAt, {}, fixAt(40)), cell(startAt + minute)]);
    expect(state.movement).toBe('moving');
    expect(state.judgedAt).toBe(startAt);
  });
});

describe('movement', () => {
  const trips: TripDetection = { idleSpeedKmh: 5, minIdleMs: 5 * minute };

  function drive(points: readonly (readonly [minutes: number, speedKmh: number])[], rules = trips): UnitState {
    const state = new UnitState();
    for (const [minutes, speedKmh] of points) {
      const at = startAt + minutes * minute;
      state.apply(record(at, {}, fixAt(speedKmh)), at, at, rules);
    }
    return state;
  }

  test('a unit is parked until it moves', () => {
    expect(drive([]).movement).toBe('parked');
    expect(drive([[0, 0]])).toMatchObject({ movement: 'parked', movementAt: startAt });
    expect(
      drive([
        [0, 0],
        [1, 0],
        [9, 4.9],
      ]),
    ).toMatchObject({ movement: 'parked', movementAt: startAt });
  });

  test('it moves from the idle speed on', () => {
    expect(
      drive([
        [0, 0],
        [1, 5],
      ]),
    ).toMatchObject({ movement: 'moving', movementAt: startAt + minute, trackAt: startAt + minute });
  });

  test('it is stopped below the idle speed, and parked after the idle time', () => {
    expect(
      drive([
        [0, 50],
        [1, 0],
      ]),
    ).toMatchObject({ movement: 'stopped', movementAt: startAt + minute, idleSince: startAt + minute });
    expect(
      drive([
        [0, 50],
        [1, 0],
        [5.99, 0],
      ]).movement,
    ).toBe('stopped');
    expect(
      drive([
        [0, 50],
        [1, 0],
        [6, 0],
      ]),
    ).toMatchObject({ movement: 'parked', movementAt: startAt + 6 * minute });
  });

  test('a short stop does not end the trip', () => {
    expect(
      drive([
        [0, 50],
        [1, 0],
        [3, 50],
        [4, 0],
        [7, 0],
      ]),
    ).toMatchObject({ movement: 'stopped', idleSince: startAt + 4 * minute });
  });

  test('a late fix does not change it', () => {
    const state = drive([
      [0, 50],
      [1, 0],
      [6, 0],
    ]);
    const before = structuredClone(snapshotOf(state));
    const at = startAt + 3 * minute;
    state.apply(record(at, {}, fixAt(90)), at, startAt + 6 * minute, trips);
    expect(snapshotOf(state)).toEqual(before);
  });

  test('with an idle speed of 0 a unit is never idle', () => {
    expect(
      drive(
        [
          [0, 0],
          [60, 0],
        ],
        { idleSpeedKmh: 0, minIdleMs: minute },
      ).movement,
    ).toBe('moving');
  });
});

describe('snapshot', () => {
  test('comes back the same, through JSON too', () => {
    fc.assert(
      fc.property(history, history, (before, after) => {
        const state = fold(before);
        const copy = stateFrom(JSON.parse(JSON.stringify(snapshotOf(state))) as ReturnType<typeof snapshotOf>);
        expect(snapshotOf(copy)).toEqual(snapshotOf(state));
        expect(snapshotOf(fold(after, copy))).toEqual(snapshotOf(fold(after, state)));
      }),
    );
  });
});

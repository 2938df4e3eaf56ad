import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bestTotal, distanceKm, HourMeter, Odometer, summedTotal } from '../../src/domain/counters.js';
import { snapshotOf, stateFrom, UnitState } from '../../src/domain/state.js';
import { type Position, type StateUpdate, UpdateBuilder } from '../../src/domain/update.js';
import { fix } from '../support/arbitraries.js';

const startAt = Date.UTC(2026, 0, 1);
const minute = 60_000;
const hour = 60 * minute;

describe('distance', () => {
  test.each([
    ['London to Paris', [51.5074, -0.1278], [48.8566, 2.3522], 343.6],
    ['Berlin to Sydney', [52.52, 13.405], [-33.8688, 151.2093], 16_090],
    ['over the date line', [0, 179.9], [0, -179.9], 22.24],
    ['from pole to pole', [90, 0], [-90, 0], 20_015],
    ['a degree of latitude', [45, 7], [45.9, 7], 100.08],
  ])('%s', (_, [latA, lngA], [latB, lngB], expected) => {
    const km = distanceKm(latA!, lngA!, latB!, lngB!);
    expect(km / expected).toBeCloseTo(1, 3);
    expect(distanceKm(latB!, lngB!, latA!, lngA!)).toBeCloseTo(km, 9);
  });

  test('a short one is as the long formula has it', () => {
    const near = fc.record({
      lat: fc.double({ min: -80, max: 80, noNaN: true }),
      lng: fc.integer({ min: -179, max: 179 }),
    });
    fc.assert(
      fc.property(near, fc.double({ min: 0.001, max: 0.9, noNaN: true }), ({ lat, lng }, step) => {
        const short = distanceKm(lat, lng, lat + step, lng);
        expect(short / (step * 111.195)).toBeCloseTo(1, 4);
      }),
    );
  });
});

/** Degrees of latitude in a kilometre. */
const kmNorth = 1 / 111.19508;

describe('the odometer', () => {
  function drive(...fixes: readonly (readonly [second: number, km: number, speedKmh: number])[]): number {
    const odometer = new Odometer();
    for (const [second, km, speedKmh] of fixes) odometer.add(50 + km * kmNorth, 8, speedKmh, startAt + second * 1000);
    return odometer.km;
  }

  test('adds up the way between fixes', () => {
    expect(drive([0, 0, 50], [60, 1, 50], [120, 0.5, 50])).toBeCloseTo(1.5, 6);
  });

  test('a single fix is no way', () => {
    expect(drive([0, 3, 50])).toBe(0);
  });

  test('what was counted is not counted again, and what comes late adds nothing', () => {
    expect(drive([0, 0, 50], [60, 1, 50], [0, 0, 50], [60, 1, 50], [30, 5, 50], [120, 2, 50])).toBeCloseTo(2, 6);
  });

  test('the noise of a unit that stands does not add up', () => {
    const noise = Array.from({ length: 500 }, (_, i) => [i, i % 2 === 0 ? 0 : 0.04, 0] as const);
    expect(drive(...noise)).toBe(0);
  });

  test.each([
    [0.099, 2.9, 0],
    [0.101, 2.9, 0.101],
    [0.05, 3, 0.05],
  ])('%d km at %d km/h count as %d km', (km, speedKmh, expected) => {
    expect(drive([0, 0, speedKmh], [60, km, speedKmh])).toBeCloseTo(expected, 6);
  });

  test('a unit that does not tell its speed moves all the same', () => {
    expect(drive(...Array.from({ length: 101 }, (_, i) => [i * 10, i * 0.05, 0] as const))).toBeGreaterThan(4.9);
  });

  test('a fix far off is not believed, and the track goes on where it was', () => {
    expect(drive([0, 0, 50], [60, 1, 50], [61, 1000, 50], [62, 1.1, 50], [120, 2, 50])).toBeCloseTo(0.9 + 1, 6);
  });

  test('the way through a stretch without fixes counts straight', () => {
    expect(drive([0, 0, 50], [7200, 100, 50])).toBeCloseTo(100, 3);
  });
});

describe('the hour meter', () => {
  function run(...words: readonly (readonly [minutes: number, isOn: boolean])[]): number {
    const meter = new HourMeter();
    for (const [minutes, isOn] of words) meter.add(isOn, startAt + minutes * minute);
    return meter.ms / minute;
  }

  test('counts while the ignition is on', () => {
    expect(run([0, false], [10, true], [20, true], [25, false], [100, false], [101, true])).toBe(15);
  });

  test('late and repeated words change nothing', () => {
    expect(run([0, true], [10, true], [5, false], [0, true], [10, true], [20, false], [20, false])).toBe(20);
  });

  test('the last word of one time holds', () => {
    expect(run([0, true], [0, false], [30, true])).toBe(0);
  });

  test.each([
    [120, 120],
    [121, 0],
  ])('%d minutes of silence count as %d', (silence, counted) => {
    expect(run([0, true], [silence, true])).toBe(counted);
  });
});

function record(at: number, values: Record<string, boolean | number>, position: Position | null): StateUpdate {
  const builder = new UpdateBuilder();
  for (const [name, value] of Object.entries(values)) builder.set(name, value);
  return builder.build(at, { position });
}

function fold(updates: readonly StateUpdate[], state = new UnitState()): UnitState {
  for (const update of updates) state.apply(update, update.at, startAt);
  return state;
}

const counted = ({ odometer, hourMeter }: UnitState) => ({ ...odometer, ...hourMeter, hours: hourMeter.hours });

/** Within a few kilometres, so that every step is believed. */
const near = fix.map((place) => ({ ...place, lat: 50 + (place.lat ?? 0) / 1000, lng: 8 + (place.lng ?? 0) / 1000 }));
const row = fc.tuple(fc.nat(5000), fc.option(fc.boolean()), fc.option(near));
const history = fc
  .uniqueArray(row, { selector: ([second]) => second, maxLength: 30 })
  .map((rows) =>
    rows.map(([second, ignition, place]) =>
      record(startAt + second * 1000, ignition === null ? { analog_1: 1 } : { ignition }, place),
    ),
  );

describe('in the fold', () => {
  test('a snapshot that is newer than its commit, and a replay from anywhere before it, change nothing', () => {
    fc.assert(
      fc.property(history, fc.nat(30), (records, from) => {
        const state = fold(records);
        const reopened = stateFrom(JSON.parse(JSON.stringify(snapshotOf(state))));
        expect(counted(reopened)).toEqual(counted(state));
        expect(counted(fold(records.slice(from), reopened))).toEqual(counted(state));
      }),
    );
  });

  test('records that were sent again at any time later change nothing', () => {
    fc.assert(
      fc.property(history, fc.array(fc.tuple(fc.nat(), fc.nat())), (records, repeats) => {
        const sent = [...records];
        for (const [which, where] of repeats) {
          const again = records[which % Math.max(1, records.length)];
          const first = again === undefined ? -1 : sent.indexOf(again);
          if (again !== undefined) sent.splice(first + 1 + (where % (sent.length - first)), 0, again);
        }
        expect(counted(fold(sent))).toEqual(counted(fold(records)));
      }),
    );
  });

  test('a snapshot of before there were counters can be read', () => {
    const { odometer: _odometer, hourMeter: _hourMeter, ...old } = snapshotOf(new UnitState());
    expect(counted(stateFrom(old as never))).toEqual(counted(new UnitState()));
  });

  test('positions from cells are no way', () => {
    const at = (second: number, lat: number, isFromCells: boolean) =>
      record(startAt + second * 1000, isFromCells ? { gps_lbs: true } : {}, {
        ...{ lat, lng: 8, valid: true, speedKmh: 50, headingDeg: 0, altitudeM: 0, satellites: 5 },
      });
    const state = fold([at(0, 50, false), at(60, 51, true), at(120, 50 + kmNorth, false)]);
    expect(state.odometer.km).toBeCloseTo(1, 6);
  });
});

describe('the best total', () => {
  const drive = [0, 1].map((km) =>
    record(
      startAt + km * minute,
      { ignition: true },
      {
        ...{ lat: 50 + km * kmNorth, lng: 8, valid: true, speedKmh: 60, headingDeg: 0, altitudeM: 0, satellites: 9 },
      },
    ),
  );
  const said = (values: Record<string, number | boolean>) => record(startAt + 2 * minute, values, null);

  test('is none of a unit that said nothing', () => {
    expect(bestTotal(undefined, 'odometer')).toBeUndefined();
    expect(bestTotal(new UnitState(), 'engine_hours')).toBeUndefined();
    expect(summedTotal(undefined, 'odometer')).toEqual({ by: 'summed', value: 0, at: 0 });
  });

  test('is the sum where the unit has none of its own', () => {
    const state = fold(drive);
    expect(bestTotal(state, 'odometer')).toMatchObject({ by: 'summed', at: startAt + minute });
    expect(bestTotal(state, 'engine_hours')).toEqual({ by: 'summed', value: minute / hour, at: startAt + minute });
  });

  test.each([
    ['odometer', { hw_mileage: 70, can_mileage: 80 }, 'hw_mileage', 70],
    ['odometer', { can_mileage: 80 }, 'can_mileage', 80],
    ['odometer', { hw_mileage: 0, can_mileage: 80 }, 'can_mileage', 80],
    ['engine_hours', { engine_hours: 5, can_engine_hours: 6 }, 'engine_hours', 5],
    ['engine_hours', { can_engine_hours: 6 }, 'can_engine_hours', 6],
  ] as const)('%s of %j is %s', (type, values, by, value) => {
    const state = fold([...drive, said(values)]);
    expect(bestTotal(state, type)).toEqual({ by, value, at: startAt + 2 * minute });
  });

  test('a total of 0 gives way to the sum, and stands where there is none', () => {
    expect(bestTotal(fold([...drive, said({ hw_mileage: 0 })]), 'odometer')?.by).toBe('summed');
    expect(bestTotal(fold([said({ hw_mileage: 0 })]), 'odometer')).toMatchObject({ by: 'hw_mileage', value: 0 });
  });
});

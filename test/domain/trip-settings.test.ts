import { expect, test } from 'vitest';
import { type TripDetection, UnitState } from '../../src/domain/state.js';
import { UpdateBuilder } from '../../src/domain/update.js';

const startAt = Date.UTC(2026, 5, 15, 12, 0, 0);
const minute = 60_000;
const rules: TripDetection = { idleSpeedKmh: 5, minIdleMs: 5 * minute };

type Point = readonly [minutes: number, speedKmh: number, flag?: boolean];

/** Statuses after each point; the third part is the value of `name`, where the unit reports it. */
function statuses(name: 'ignition' | 'moving', trips: Partial<TripDetection>, points: readonly Point[]): string[] {
  const state = new UnitState();
  return points.map(([minutes, speedKmh, flag]) => {
    const at = startAt + minutes * minute;
    const place = { lat: 52, lng: 13, valid: true, headingDeg: 0, altitudeM: 0, satellites: 9 };
    const update = new UpdateBuilder().set(name, flag).build(at, { position: { ...place, speedKmh } });
    state.apply(update, at, at, { ...rules, ...trips });
    return state.movement;
  });
}

test.each<[string, 'ignition' | 'moving', Partial<TripDetection>, Point[], string[]]>([
  [
    'with the ignition off no trip starts',
    'ignition',
    { ignitionAware: true },
    [
      [0, 50, false],
      [1, 4.9, true],
      [2, 5, true],
    ],
    ['parked', 'parked', 'moving'],
  ],
  [
    'the ignition ends a trip at once, below the threshold',
    'ignition',
    { ignitionAware: true },
    [
      [0, 50, true],
      [1, 0, true],
      [2, 0, false],
      [3, 50, false],
    ],
    ['moving', 'stopped', 'parked', 'parked'],
  ],
  [
    'a trip under way goes on without the ignition',
    'ignition',
    { ignitionAware: true },
    [
      [0, 50, true],
      [1, 50, false],
      [2, 0, false],
    ],
    ['moving', 'moving', 'parked'],
  ],
  [
    'with the ignition on only time ends a trip',
    'ignition',
    { ignitionAware: true },
    [
      [0, 50, true],
      [1, 0, true],
      [5.9, 0, true],
      [6, 0, true],
    ],
    ['moving', 'stopped', 'stopped', 'parked'],
  ],
  [
    'a unit that reports no ignition goes by its speed',
    'ignition',
    { ignitionAware: true },
    [
      [0, 50],
      [1, 0],
      [6, 0],
    ],
    ['moving', 'stopped', 'parked'],
  ],
  [
    'without the setting the ignition says nothing',
    'ignition',
    {},
    [
      [0, 50, false],
      [1, 0, false],
    ],
    ['moving', 'stopped'],
  ],
  [
    'at rest no trip starts, and one under way ends with time',
    'moving',
    { motionAware: true },
    [
      [0, 50, false],
      [1, 50, true],
      [2, 50, false],
      [6.9, 50, false],
      [7, 50, false],
    ],
    ['parked', 'moving', 'stopped', 'stopped', 'parked'],
  ],
  [
    'the ignition goes before the motion sensor',
    'moving',
    { motionAware: true, ignitionAware: true },
    [[0, 50, false]],
    ['moving'],
  ],
  [
    'at threshold 0 a unit always moves',
    'ignition',
    { idleSpeedKmh: 0 },
    [
      [0, 0],
      [60, 0],
    ],
    ['moving', 'moving'],
  ],
])('%s', (_, name, trips, points, expected) => {
  expect(statuses(name, trips, points)).toEqual(expected);
});

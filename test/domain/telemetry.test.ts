/** Telemetry over HTTP: there and back. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fieldOf } from '../../src/domain/fields.js';
import { type Telemetry, telemetryFrom, updateFrom, updatesFromJson } from '../../src/domain/telemetry.js';
import { fieldValue } from '../../src/domain/update.js';

const number = (min: number, max: number) => fc.integer({ min, max });
const telemetry: fc.Arbitrary<Telemetry> = fc.record(
  {
    timestamp: number(2, 4_102_448_400_000),
    position: fc
      .record({
        ...{ lat: number(-90, 90), lng: number(-180, 180), accuracy: number(0, 1000), alt: number(-100, 9000) },
        ...{ heading: number(0, 359), speed: number(0, 100), satellitecount: number(1, 50) },
      })
      .map((position) => ({ ...position, type: 'gnss' })),
    payload: fc.dictionary(fc.string({ maxLength: 5 }), fc.jsonValue(), { maxKeys: 3, noNullPrototype: true }),
    system: fc.record(
      {
        client: fc.record({ model: fc.string(), firmware: fc.string() }),
        mode: fc.constantFrom('normal', 'sleep'),
        stateVersion: fc.nat(),
        reportedSensorData: fc.record(
          { batteryLevel: number(0, 100), deviceIsStationary: fc.boolean(), temperatureC: number(-70, 100) },
          { requiredKeys: ['batteryLevel'] },
        ),
      },
      { requiredKeys: ['mode'] },
    ),
  },
  { requiredKeys: ['timestamp'] },
);

const back = (update: ReturnType<typeof updateFrom>) =>
  telemetryFrom({
    ...{ at: update.at, position: update.position, accuracyM: 0 },
    value: (field) => fieldValue(update, field),
  });

test('what was told is told again', () => {
  fc.assert(
    fc.property(telemetry, (told) => {
      const heard = JSON.parse(JSON.stringify(told)) as Telemetry;
      expect(back(updateFrom(heard))).toEqual(heard);
    }),
  );
});

test('every value has a name of the table', () => {
  const cells = {
    gsm: [{ mcc: 262, mnc: 1, lac: 5, cid: 7, other: [1] }],
    wlan: [{ mac: 'aa', rss: -50 }],
    lte: ['x'],
  };
  const update = updateFrom({
    timestamp: 5,
    position: {
      ...{ lat: 1, lng: 2, accuracy: 3, altaccuracy: 4, confidence: 68, wlancount: 3, type: 'wlan' },
      floor: { id: 'f', name: 'First', level: 1 },
    },
    payload: { a: 1 },
    scan: cells,
    system: { iccid: 'i', imsi: '1', phoneNumber: '+1', reportedSensorData: { deviceIsStationary: false } },
  });
  for (const name of update.names) expect([name, fieldOf(name) !== undefined]).toEqual([name, true]);
  expect(fieldValue(update, 'gsm_cells')).toEqual([{ mcc: 262, mnc: 1, lac: 5, cid: 7 }]);
  expect(fieldValue(update, 'wifi_access_points')).toEqual([{ mac: 'aa' }]);
  expect(fieldValue(update, 'gps_lbs')).toBe(true);
  expect(fieldValue(update, 'moving')).toBe(true);
});

test('a kept payload is a list, or has one', () => {
  const one = { timestamp: 5 };
  for (const text of [JSON.stringify([one]), JSON.stringify({ id: 'x', data: [one] })])
    expect(updatesFromJson(Buffer.from(text))?.map(({ at }) => at)).toEqual([5]);
  for (const text of ['', '{', '1', 'null', '{}', '{"data":1}'])
    expect(updatesFromJson(Buffer.from(text))).toBeUndefined();
});

/**
 * Small named arbitraries for fast-check: identities, positions and records as a unit could make them.
 */
import fc from 'fast-check';
import { imeiFrom } from '../../src/domain/unit-id.js';
import { type FieldValue, type Position, type StateUpdate, UpdateBuilder } from '../../src/domain/update.js';

/** Fewer runs than fast-check's default where one run is a whole conversation. */
export const fewRuns = { numRuns: 30 };

export const imei = fc
  .integer({ min: 35_000_000_000_000, max: 86_999_999_999_999 })
  .map((body) => imeiFrom(String(body)));

const degrees = (limit: number) => fc.integer({ min: -limit * 1e6, max: limit * 1e6 }).map((micro) => micro / 1e6);

/** A fix, away from the 0/0 that several protocols use for "no data". */
export const fix: fc.Arbitrary<Position> = fc.record({
  lat: degrees(85).filter((lat) => Math.abs(lat) > 0.01),
  lng: degrees(179).filter((lng) => Math.abs(lng) > 0.01),
  valid: fc.constant(true),
  speedKmh: fc.integer({ min: 0, max: 200 }),
  headingDeg: fc.integer({ min: 0, max: 359 }),
  altitudeM: fc.integer({ min: 0, max: 8000 }),
  satellites: fc.integer({ min: 4, max: 15 }),
});

/** Whole seconds, well behind the default time of receipt of the fixtures. */
export const sampleTime = fc
  .integer({ min: Date.UTC(2024, 0, 1) / 1000, max: Date.UTC(2025, 11, 1) / 1000 })
  .map((seconds) => seconds * 1000);

/** Names that virtual units report, each with values within its range. */
const reportable: Readonly<Record<string, fc.Arbitrary<FieldValue>>> = {
  ignition: fc.boolean(),
  moving: fc.boolean(),
  input_1: fc.boolean(),
  output_1: fc.boolean(),
  board_voltage: fc.integer({ min: 0, max: 300 }).map((tenths) => tenths / 10),
  battery_voltage: fc.integer({ min: 30, max: 42 }).map((tenths) => tenths / 10),
  battery_level: fc.integer({ min: 0, max: 100 }),
  gsm_signal_level: fc.constantFrom(0, 20, 40, 60, 80, 100),
  hw_mileage: fc.integer({ min: 0, max: 400_000 }),
  hdop: fc.integer({ min: 5, max: 50 }).map((tenths) => tenths / 10),
};

const readings: fc.Arbitrary<Readonly<Record<string, FieldValue>>> = fc.record(reportable, {
  requiredKeys: ['ignition'],
});

/** A record with a fix and some readings. */
export const fixRecord: fc.Arbitrary<StateUpdate> = fc
  .tuple(sampleTime, fix, readings)
  .map(([at, position, values]) => {
    const builder = new UpdateBuilder();
    for (const [name, value] of Object.entries(values)) builder.set(name, value);
    return builder.build(at, { position });
  });

/** One to `maxLength` records, oldest first. */
export function recordBatch(maxLength: number): fc.Arbitrary<StateUpdate[]> {
  return fc.array(fixRecord, { minLength: 1, maxLength }).map((batch) => batch.sort((a, b) => a.at - b.at));
}

/** Bytes a hostile or broken sender could send, with the bytes that frames begin and end with more often than chance. */
export function noise(markers: readonly number[], maxLength = 300): fc.Arbitrary<Buffer> {
  const byte = fc.oneof(
    { arbitrary: fc.integer({ min: 0, max: 255 }), weight: 3 },
    { arbitrary: fc.constantFrom(...markers), weight: 1 },
  );
  return fc.array(byte, { maxLength }).map((bytes) => Buffer.from(bytes));
}

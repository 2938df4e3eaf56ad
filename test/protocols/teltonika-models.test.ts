/**
 * Teltonika elements of the 6-series, and what holds whatever the elements: every one comes out under some name.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fieldOf } from '../../src/domain/fields.js';
import { avlFrame, elements, type RecordParts, tcp, updatesOf, valuesOf } from './teltonika-frames.js';

const sixSeries = 'telfmc640';

type Case = readonly [parts: RecordParts, expected: Record<string, unknown>];

describe('the 6-series', () => {
  test.each<Case>([
    [
      {
        one: [
          [4, 1],
          [50, 1],
          [51, 0],
        ],
      },
      { input_4: true, output_3: true, output_4: false },
    ],
    [
      {
        two: [
          [11, 1500],
          [245, 20],
        ],
      },
      { analog_3: 1.5, analog_4: 0.02 },
    ],
    [
      {
        one: [
          [22, 2],
          [80, 61],
          [87, 55],
        ],
      },
      { data_mode: 2, gsm_roaming: true, can_speed: 61, can_fuel: 55 },
    ],
    [
      {
        four: [
          [76, 9],
          [205, 77_777],
        ],
      },
      { avl_io_76: 9, gsm_cell_id: 77_777 },
    ],
    [
      {
        eight: [
          [62, 0x28n],
          [5, 0x29n],
        ],
      },
      { ext_temp_sensor_id_1: '0000000000000028', ext_temp_sensor_id_5: '0000000000000029' },
    ],
    [
      {
        two: [
          [72, -5],
          [701, 215],
          [10_644, -1250],
        ],
      },
      { ext_temp_sensor_1: -0.5, ble_temp_sensor_1: 21.5, temp_sensor_1: -12.5 },
    ],
    [
      {
        four: [
          [145, 1],
          [154, 2],
          [380, 3],
          [10_298, 4],
        ],
      },
      { raw_can_1: 1, raw_can_10: 2, raw_can_11: 3, raw_can_21: 4 },
    ],
    [
      {
        one: [
          [81, 1],
          [89, 2],
          [113, 3],
        ],
        two: [[85, 4]],
      },
      { avl_io_81: 1, avl_io_89: 2, avl_io_113: 3, avl_io_85: 4 },
    ],
  ])('%#', (parts, expected) => {
    expect(elements(parts, sixSeries)).toEqual(expected);
  });

  test.each([
    [0, false, 'off'],
    [2, false, 'no_fix'],
    [3, true, 'fix'],
  ])('receiver state %i: valid %s', (raw, valid, word) => {
    const [update] = updatesOf(avlFrame(0x08, { one: [[71, raw]] }), { ...tcp, model: sixSeries });
    expect([update?.position?.valid, update?.values[2]]).toEqual([valid, word]);
  });
});

describe('whatever the elements', () => {
  const id = fc.integer({ min: 0, max: 0xffff });
  const pairs = (bytes: number) =>
    fc.array(fc.tuple(id, fc.bigInt({ min: 0n, max: (1n << BigInt(8 * bytes)) - 1n })), { maxLength: 6 });
  const parts = fc.record({
    one: pairs(1),
    two: pairs(2),
    four: pairs(4),
    eight: pairs(8),
    variable: fc.array(
      fc.tuple(
        id,
        fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
      ),
      { maxLength: 3 },
    ),
  });

  test.each(['telfmb920', sixSeries])('%s: names are known, stand once, and values are of their kind', (model) => {
    fc.assert(
      fc.property(parts, (record) => {
        const [update] = updatesOf(avlFrame(0x8e, record), { ...tcp, model });
        const { names = [], values = [] } = update ?? {};
        expect(new Set(names).size).toBe(names.length);
        expect(values).toHaveLength(names.length);
        for (const name of names) expect([name, fieldOf(name) === undefined]).toEqual([name, false]);
        for (const value of values) if (typeof value === 'number') expect(Number.isFinite(value)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  test('an id without a row keeps its number and value', () => {
    const unnamed = fc.integer({ min: 20_000, max: 0xffff });
    fc.assert(
      fc.property(unnamed, fc.integer({ min: 0, max: 0xffff_ffff }), (number, raw) => {
        expect(elements({ four: [[number, raw]] })).toEqual({ [`avl_io_${number}`]: raw });
      }),
    );
  });

  test('an id that comes twice counts once, with its last value', () => {
    expect(
      elements({
        one: [
          [239, 0],
          [239, 1],
          [80, 1],
          [80, 2],
        ],
      }),
    ).toEqual({
      ignition: true,
      data_mode: 2,
      gsm_roaming: true,
    });
    expect(
      valuesOf(
        avlFrame(0x08, {
          two: [
            [66, 1000],
            [66, 2000],
          ],
          one: [[66, 7]],
        }),
      ),
    ).toEqual({
      avl_io_66: 7,
      board_voltage: 2,
    });
  });
});

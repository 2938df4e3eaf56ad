/**
 * Teltonika elements that stand for themselves: what each becomes, by id and width, and the tables that say so.
 */
import { describe, expect, test } from 'vitest';
import { fieldOf } from '../../src/domain/fields.js';
import { tableOf } from '../../src/protocols/teltonika/io-table.js';
import { ioFamilies, ioKind } from '../../src/protocols/teltonika/spec.js';
import { elements, type RecordParts } from './teltonika-frames.js';

type Case = readonly [parts: RecordParts, expected: Record<string, unknown>];

describe('the tables', () => {
  test.each(ioFamilies)('$name: every name is one of the fields', ({ rows }) => {
    expect(rows.filter((row) => fieldOf(row.name) === undefined).map((row) => row.name)).toEqual([]);
  });

  test.each(ioFamilies)('$name: an id of one width stands once', ({ rows }) => {
    const keys = rows.map((row) => `${row.id}/${row.width}`);
    expect(keys.filter((each, i) => keys.indexOf(each) !== i)).toEqual([]);
  });

  test.each(ioFamilies)(
    '$name: rows that are mapped as they come share no name, but for widths of one id',
    ({ rows }) => {
      const plain = rows.filter((row) => row.kind !== ioKind.late && row.width !== 0);
      const shared = plain.filter((row) => plain.some((other) => other.name === row.name && other.id !== row.id));
      expect(shared.map((row) => `${row.id} ${row.name}`)).toEqual([]);
    },
  );

  test.each([
    ['telfmb920', false],
    ['telfmc130', false],
    ['telfmb640', true],
    ['telfmc650', true],
    ['telfmm640', true],
    ['telfm6320', true],
    ['concox_gt06n', false],
    [undefined, false],
  ])('%s: 6-series %s', (model, expected) => {
    expect(tableOf(model).family.name === '6-series').toBe(expected);
  });
});

describe('plain elements', () => {
  test.each<Case>([
    [
      {
        one: [
          [239, 1],
          [240, 0],
          [303, 1],
        ],
      },
      { ignition: true, moving: false, instant_movement: true },
    ],
    [
      {
        one: [
          [1, 1],
          [2, 0],
          [3, 7],
          [179, 0],
          [180, 1],
          [380, 1],
        ],
      },
      { input_1: true, input_2: false, input_3: true, output_1: false, output_2: true, output_3: true },
    ],
    [{ one: [[21, 0]] }, { gsm_signal_level: 0 }],
    [{ one: [[80, 3]] }, { data_mode: 3, gsm_roaming: true }],
    [{ one: [[237, 2]] }, { gsm_network_type: 'LTE' }],
    [{ one: [[237, 9]] }, { gsm_network_type: '9' }],
    [{ one: [[69, 7]] }, { gnss_status: '7' }],
    [{ four: [[241, 310_410]] }, { gsm_network_code: '310410' }],
    [{ four: [[241, 24_602]] }, { gsm_network_code: '24602' }],
    [{ four: [[241, 2621]] }, { gsm_network_code: '26201' }],
    [
      {
        two: [
          [181, 9999],
          [182, 8],
        ],
      },
      { hdop: 0.8 },
    ],
    [{ one: [[113, 101]] }, {}],
    [
      {
        two: [
          [17, -962],
          [18, 11],
          [19, -1],
        ],
      },
      { axis_x: -962, axis_y: 11, axis_z: -1 },
    ],
    [{ two: [[68, 65_416]] }, { battery_current: -0.12 }],
    [{ four: [[16, 0xffff_ffff]] }, { hw_mileage: 4_294_967.295 }],
    [
      {
        four: [
          [199, 30],
          [449, 77],
          [12, 123_456],
        ],
        two: [
          [13, 850],
          [15, 9950],
        ],
      },
      { trip_mileage: 0.03, ignition_on_time: 77, fuel_used_gps: 123.456, fuel_consumption: 8.5, eco_score: 99.5 },
    ],
    [{ one: [[4, 1]] }, { input_4: true }],
    [
      {
        four: [
          [4, 9],
          [5, 8],
        ],
      },
      { impulse_counter_1: 9, impulse_counter_2: 8 },
    ],
    [
      {
        two: [
          [6, 300],
          [10, 500],
        ],
      },
      { analog_2: 0.3, avl_io_10: 500 },
    ],
    [
      { two: [[10, 500]], one: [[10, 1]] },
      { avl_io_10: 1, analog_2: 0.5 },
    ],
    [{ two: [[622, 505]] }, { freq_1: 50.5 }],
    [
      {
        one: [
          [236, 1],
          [252, 0],
        ],
      },
      { sos: true, external_power_state: true },
    ],
    [{ one: [[252, 1]] }, { external_power_state: false }],
  ])('%#', (parts, expected) => {
    expect(elements(parts)).toEqual(expected);
  });
});

describe('sensors', () => {
  test.each<Case>([
    [
      {
        four: [
          [72, -185],
          [73, 850],
          [74, 2000],
          [75, 4000],
        ],
      },
      { ext_temp_sensor_1: -18.5 },
    ],
    [
      {
        eight: [
          [76, 0n],
          [77, 0x28ff_641d_8fdf_18c1n],
        ],
      },
      { ext_temp_sensor_id_2: '28FF641D8FDF18C1' },
    ],
    [
      {
        two: [
          [201, -3],
          [203, 0],
          [210, -1],
          [212, 4095],
        ],
      },
      { lls_level_2: 0, lls_level_4: 4095 },
    ],
    [
      {
        one: [
          [202, -128],
          [204, -40],
        ],
      },
      { lls_temperature_2: -40 },
    ],
    [
      {
        two: [
          [25, 32_765],
          [26, 2150],
          [86, 455],
          [104, 32_734],
        ],
      },
      { ble_temp_sensor_2: 21.5, ble_humidity_1: 45.5 },
    ],
    [
      {
        two: [
          [25, 2150],
          [10_800, 2200],
        ],
      },
      { ble_temp_sensor_1: 21.5, avl_io_10800: 2200 },
    ],
    [
      {
        two: [[10_801, -1187]],
        one: [
          [10_804, 101],
          [10_809, 1],
          [10_825, 98],
        ],
      },
      { ble_temp_sensor_2: -11.87, ble_magnet_sensor_2: true, ble_battery_voltage_2: 2.98 },
    ],
    [{ two: [[10_825, 2980]] }, { ble_battery_voltage_2: 2.98 }],
    [
      { one: [[10_816, -5]], two: [[10_832, -170]] },
      { avl_io_10816: -5, avl_io_10832: -170 },
    ],
    [
      {
        four: [[306, 900]],
        two: [
          [335, 77],
          [270, 5],
          [271, 360],
        ],
        one: [[269, -3]],
      },
      {
        ble_frequency_1: 900,
        ble_luminosity_1: 77,
        ble_lls_level_1: 5,
        ble_battery_voltage_1: 3.6,
        ble_lls_temperature_1: -3,
      },
    ],
  ])('%#', (parts, expected) => {
    expect(elements(parts)).toEqual(expected);
  });
});

describe('keys and numbers of 8 bytes', () => {
  test.each<Case>([
    [{ eight: [[78, 0n]] }, {}],
    [{ eight: [[78, 0x01a2_b3c4_d5e6_f708n]] }, { hardware_key: '01A2B3C4D5E6F708' }],
    [
      {
        eight: [
          [78, 1n],
          [207, 1n],
        ],
      },
      { hardware_key: '0000000000000001' },
    ],
    [{ eight: [[8, 5n]] }, { hardware_key: '0000000000000005', driver_authorized: true }],
    [
      {
        eight: [
          [451, 9n],
          [452, 8n],
        ],
      },
      { hardware_key: '0000000000000009', avl_io_452: '0000000000000008' },
    ],
    [{ eight: [[238, 0xaabb_ccdd_eeffn]] }, { ble_mac: 'aa:bb:cc:dd:ee:ff' }],
    [{ eight: [[238, 0x1111_aabb_ccdd_eeffn]] }, { ble_mac: '1111AABBCCDDEEFF' }],
    [
      {
        eight: [
          [11, 893_700_218n],
          [14, 500_686_954n],
        ],
      },
      { iccid: '893700218500686954' },
    ],
    [{ eight: [[14, 500_686_954n]] }, { avl_io_14: 500_686_954 }],
    [
      {
        eight: [
          [11, 8_949_022_512_345_678_901n],
          [14, 0n],
        ],
      },
      { iccid: '8949022512345678901' },
    ],
    [
      {
        eight: [
          [11, 0n],
          [14, 0n],
        ],
      },
      {},
    ],
    [
      {
        eight: [
          [258, 0x0020_0000_0000_0000n],
          [259, 0x001f_ffff_ffff_ffffn],
        ],
      },
      { avl_io_258: '0020000000000000', avl_io_259: Number.MAX_SAFE_INTEGER },
    ],
  ])('%#', (parts, expected) => {
    expect(elements(parts)).toEqual(expected);
  });
});

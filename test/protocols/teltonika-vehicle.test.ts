/**
 * Teltonika elements that depend on each other: alternatives, pairs, words of flags, events.
 */
import { describe, expect, test } from 'vitest';
import { elements, type RecordParts } from './teltonika-frames.js';

type Case = readonly [parts: RecordParts, expected: Record<string, unknown>];

describe('elements that depend on others', () => {
  const closed = {
    can_door_driver_state: false,
    can_door_passenger_state: false,
    can_door_rear_left_state: false,
    can_door_rear_right_state: false,
    can_hood_state: false,
    can_trunk_state: false,
    can_roof_state: false,
    can_door_state: false,
  };

  test.each<Case>([
    [{ two: [[205, 4711]], four: [[636, 0]] }, { gsm_cell_id: 4711 }],
    [{ two: [[205, 65_535]], four: [[636, 77_777]] }, { gsm_cell_id: 77_777 }],
    [{ four: [[103, 60]] }, { can_engine_hours: 1 }],
    [
      {
        four: [
          [102, 120],
          [103, 60],
        ],
      },
      { can_engine_hours: 2, can_engine_hours_relative: 1 },
    ],
    [{ two: [[90, 0]] }, { avl_io_90: 0, ...closed }],
    [
      { two: [[90, 0x6a00]] },
      {
        avl_io_90: 0x6a00,
        ...closed,
        can_door_passenger_state: true,
        can_door_rear_right_state: true,
        can_trunk_state: true,
        can_roof_state: true,
        can_door_state: true,
      },
    ],
    [
      {
        one: [
          [654, 1],
          [655, 0],
        ],
      },
      { can_door_driver_state: true, can_door_passenger_state: false, can_door_state: true },
    ],
    [
      { one: [[913, 1]], two: [[90, 0]] },
      { avl_io_90: 0, ...closed, can_hood_state: true },
    ],
    [
      {
        two: [
          [43, 0],
          [54, 3],
        ],
      },
      { obd_mil_activated_distance: 0, obd_mil_run_time: 3, obd_mil_status: true },
    ],
    [
      { two: [[43, 0]], one: [[953, 0]] },
      { obd_mil_activated_distance: 0, can_mil_indicator: false, obd_mil_status: false },
    ],
    [
      { one: [[30, 2]], variable: [[281, Buffer.from('P0301,P0420,P0171')]] },
      { obd_dtc_number: 2, obd_dtc_codes: 'P0301 P0420 P0171' },
    ],
    [
      {
        variable: [
          [256, Buffer.from('WVWZZZ1JZXW000001')],
          [325, Buffer.from('WVWZZZ1JZXW000001')],
        ],
      },
      { obd_vin: 'WVWZZZ1JZXW000001' },
    ],
    [
      {
        variable: [
          [256, Buffer.from('VIN1')],
          [325, Buffer.from('VIN2\0\0')],
        ],
      },
      { obd_vin: 'VIN1', avl_io_325: 'VIN2' },
    ],
    [{ variable: [[256, Buffer.of(1, 2, 3)]] }, { avl_io_256: '010203' }],
    [{ eight: [[147, 0x4400_0000_0000_0000n]] }, { tacho_card1_sn: 'D' }],
    [
      {
        eight: [
          [147, 0x0102_0304_0506_0708n],
          [148, 0n],
        ],
      },
      { avl_io_147: 0x0102_0304_0506_0708n.toString(16).padStart(16, '0'), avl_io_148: 0 },
    ],
  ])('%#', (parts, expected) => {
    expect(elements(parts)).toEqual(expected);
  });

  test('the words of flags', () => {
    const control = 0x8000_0000 + 0x2000 + 0x40;
    const security = (0x02n << 40n) + (0x60n << 32n) + 0x0900_0000n;
    expect(elements({ four: [[123, control]], eight: [[132, security]] })).toEqual({
      avl_io_123: control,
      can_park_brake: false,
      can_airbag_state: false,
      can_eps_state: true,
      can_esp_state: false,
      can_mil_indicator: false,
      can_abs_state: true,
      can_low_fuel: false,
      can_seat_belt_driver_state: false,
      can_seat_belt_passenger_state: true,
      obd_mil_status: false,
      avl_io_132: Number(security),
      ...closed,
      can_door_passenger_state: true,
      can_door_state: true,
      can_key_state: true,
      can_ignition_state: false,
      can_webasto_state: true,
      can_car_closed_state: false,
      can_hand_brake_state: false,
      can_footbrake_state: true,
      can_engine_state: true,
    });
  });
});

describe('an event', () => {
  const alarmOf = (event: number, id: number, value: number) => elements({ event, one: [[id, value]] });

  test('an element of another width, or of a 6-series unit that means a CAN value, raises none', () => {
    expect(elements({ event: 88, one: [[88, 1]] })).toHaveProperty('alarm', 'geofence_enter');
    expect(elements({ event: 88, two: [[88, 1]] })).not.toHaveProperty('alarm');
    expect(elements({ event: 88, one: [[88, 1]] }, 'telfmb640')).not.toHaveProperty('alarm');
    expect(elements({ event: 155, one: [[155, 1]] }, 'telfmb640')).toHaveProperty('alarm', 'geofence_enter');
  });

  test.each([
    [236, 1, 'sos'],
    [246, 1, 'tow'],
    [247, 6, 'accident'],
    [247, 3, 'crash_trace'],
    [249, 1, 'jamming'],
    [250, 0, 'trip_stop'],
    [250, 1, 'trip_start'],
    [251, 1, 'idle'],
    [252, 1, 'power_cut'],
    [253, 1, 'hard_acceleration'],
    [253, 3, 'hard_cornering'],
    [255, 97, 'overspeed'],
    [318, 2, 'gps_jamming'],
    [1412, 1, 'fall_down'],
    [175, 0, 'geofence_exit'],
  ])('%i = %i: %s', (id, value, alarm) => {
    expect(alarmOf(id, id, value)).toHaveProperty('alarm', alarm);
    expect(alarmOf(0, id, value)).not.toHaveProperty('alarm');
    expect(alarmOf(239, id, value)).not.toHaveProperty('alarm');
  });

  test.each([
    [155, 1],
    [159, 5],
    [61, 6],
    [65, 10],
    [70, 11],
    [88, 12],
    [91, 13],
    [99, 21],
    [153, 22],
    [154, 23],
    [190, 24],
    [198, 32],
    [208, 33],
    [209, 34],
    [216, 35],
    [231, 50],
  ])('element %i is zone %i', (id, zone) => {
    expect(alarmOf(id, id, 1)).toMatchObject({ alarm: 'geofence_enter', fence_number: zone });
    expect(alarmOf(id, id, 0)).toMatchObject({ alarm: 'geofence_exit', fence_number: zone });
    expect(alarmOf(id, id, 2)).not.toHaveProperty('alarm');
  });

  test('without its element is only a number', () => {
    expect(elements({ event: 253 })).toEqual({});
  });
});

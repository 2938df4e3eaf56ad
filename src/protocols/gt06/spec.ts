/**
 * Tables of GT06: message numbers for people, all layout rows, alarms by code with what models change, and the numbers of diagnostic
 * values. The layouts themselves stand in the `*-rows.ts` files, one a family.
 */
import { alarmRows } from './alarm-rows.js';
import { locationRows } from './location-rows.js';
import { networkRows } from './network-rows.js';
import type { Row } from './row.js';
import { statusRows } from './status-rows.js';

/** Order matters: the first row that fits reads the message. */
export const rows: readonly Row[] = [...alarmRows, ...locationRows, ...statusRows, ...networkRows];

/** What a message number is for. */
export const messageTitles: ReadonlyMap<number, string> = new Map([
  [0x01, 'login'],
  [0x10, 'GPS'],
  [0x11, 'GPS and cell'],
  [0x12, 'GPS and cell'],
  [0x13, 'heartbeat'],
  [0x14, 'satellites'],
  [0x15, 'command reply'],
  [0x16, 'alarm'],
  [0x17, 'Wi-Fi, or GPS with RFID'],
  [0x18, 'cells'],
  [0x19, 'alarm without position'],
  [0x1a, 'GPS with phone number'],
  [0x1b, 'without a published layout'],
  [0x1e, 'GPS and cells'],
  [0x1f, 'without a published layout'],
  [0x21, 'command reply'],
  [0x22, 'GPS and cell, UTC'],
  [0x23, 'heartbeat'],
  [0x24, 'cells, or GPS with supply'],
  [0x25, 'GPS report'],
  [0x26, 'alarm, UTC'],
  [0x27, 'alarm with geofence'],
  [0x28, 'cells'],
  [0x2a, 'address request'],
  [0x2c, 'cells and Wi-Fi'],
  [0x2d, 'GPS and cell, UTC'],
  [0x2e, 'cells'],
  [0x31, 'GPS and cell with altitude'],
  [0x32, 'alarm, or AZ735 location'],
  [0x33, 'cells, or AZ735 alarm'],
  [0x34, 'X1 location, or cells'],
  [0x35, 'X1 photo'],
  [0x36, 'status, or TRX16i location'],
  [0x37, 'GPS and cell with elements'],
  [0x38, 'GPS and cell with elements'],
  [0x39, 'alarm with elements'],
  [0x40, 'battery management'],
  [0x41, 'media'],
  [0x61, 'GPS with driver'],
  [0x65, 'fault codes'],
  [0x66, 'diagnostic values'],
  [0x69, 'Wi-Fi'],
  [0x70, 'modular'],
  [0x80, 'command'],
  [0x81, 'command, other form'],
  [0x82, 'command, other form'],
  [0x84, 'without a published layout'],
  [0x8a, 'time'],
  [0x8c, 'diagnostic values'],
  [0x8d, 'file transfer'],
  [0x90, 'SIM numbers'],
  [0x94, 'information'],
  [0x95, 'media event'],
  [0x97, 'address'],
  [0x98, 'information, other form'],
  [0x9a, 'synchronisation'],
  [0x9b, 'serial data'],
  [0x9c, 'serial data from the server'],
  [0xa0, 'GPS and LTE cell'],
  [0xa1, 'LTE cells'],
  [0xa2, 'LTE cells and Wi-Fi, or LWxG location'],
  [0xa3, 'geofence alarm, or status'],
  [0xa4, 'geofence alarm'],
  [0xa5, 'LTE alarm without position'],
  [0xa7, 'LTE address request'],
  [0xb2, 'BLE'],
  [0xf1, 'status elements'],
  [0xf2, 'peripheral elements'],
  [0xf3, 'Wi-Fi'],
]);

/**
 * Alarm byte. Source: Concox, GT06 communication protocol, alarm packet (0x00-0x06); Jimi JM-VL03 protocol, alarm types (0x09-0xFF).
 * The low byte of an extended code is 0x100 times its extension plus the alarm byte.
 */
export const alarms: ReadonlyMap<number, string> = new Map([
  [0x01, 'sos'],
  [0x02, 'power_cut'],
  [0x03, 'vibration'],
  [0x04, 'geofence_enter'],
  [0x05, 'geofence_exit'],
  [0x06, 'overspeed'],
  [0x09, 'tow'],
  [0x0a, 'gps_dead_zone_enter'],
  [0x0b, 'gps_dead_zone_exit'],
  [0x0c, 'power_on'],
  [0x0d, 'first_fix'],
  [0x0e, 'low_power'],
  [0x0f, 'low_power_protection'],
  [0x10, 'sim_changed'],
  [0x11, 'power_off'],
  [0x12, 'flight_mode'],
  [0x13, 'tampering'],
  [0x14, 'door'],
  [0x15, 'power_off'],
  [0x16, 'sound'],
  [0x17, 'rogue_base_station'],
  [0x18, 'cover_opened'],
  [0x19, 'low_battery'],
  [0x1a, 'hard_braking'],
  [0x1b, 'hard_cornering'],
  [0x20, 'sleep'],
  [0x23, 'fall_down'],
  [0x25, 'tampering'],
  [0x26, 'hard_acceleration'],
  [0x27, 'hard_braking'],
  [0x28, 'hard_braking'],
  [0x29, 'hard_acceleration'],
  [0x2a, 'hard_cornering'],
  [0x2b, 'hard_cornering'],
  [0x2c, 'accident'],
  [0x2e, 'hard_cornering'],
  [0x30, 'jamming'],
  [0x32, 'removing'],
  [0x33, 'lock'],
  [0x34, 'unlock'],
  [0x53, 'fuel_theft'],
  [0x5b, 'temperature'],
  [0x5c, 'temperature'],
  [0xc9, 'idle'],
  [0xf0, 'hard_acceleration'],
  [0xf1, 'hard_braking'],
  [0xf2, 'accident'],
  [0xfe, 'ignition_on'],
  [0xff, 'ignition_off'],
  [0x0107, 'jamming'],
  [0x010b, 'jamming'],
]);

export interface ModelAlarms {
  readonly model: RegExp;
  readonly alarms: ReadonlyMap<number, string>;
}

/** Where models differ from `alarms`. */
export const alarmOverrides: readonly ModelAlarms[] = [
  {
    model: /\blw|ljdw/i,
    alarms: new Map([
      [0x18, 'accident'],
      [0x19, 'hard_acceleration'],
    ]),
  },
  {
    model: /seeworld|s11[269]|s102/i,
    alarms: new Map([
      [0x28, 'hard_cornering'],
      [0x29, 'accident'],
    ]),
  },
  { model: /vl10/i, alarms: new Map([[0x28, 'power_off']]) },
  // Source: Jimi JM-VL03 protocol, alarm types.
  { model: /vl\d/i, alarms: new Map([[0x30, 'hard_braking']]) },
  {
    model: /trx16/i,
    alarms: new Map([
      [0x09, 'geofence'],
      [0x0e, 'low_power'],
    ]),
  },
];

/** Bits 3-5 of the status byte. Source: Concox, GT06 communication protocol, terminal information. */
export const alarmClasses: ReadonlyMap<number, string> = new Map([
  [0x01, 'vibration'],
  [0x02, 'power_cut'],
  [0x03, 'low_battery'],
  [0x04, 'sos'],
  [0x06, 'geofence'],
  [0x07, 'removing'],
]);

export const alarmClassOverrides: readonly ModelAlarms[] = [{ model: /vxt01/i, alarms: new Map([[7, 'overspeed']]) }];

/** Events of the dash-cams (0x95). */
export const mediaEvents: ReadonlyMap<number, string> = new Map([
  [0x01, 'sos'],
  [0x0e, 'low_power'],
  [0x76, 'temperature'],
  [0x80, 'vibration'],
  [0x87, 'overspeed'],
  [0x88, 'power_cut'],
  [0x90, 'hard_acceleration'],
  [0x91, 'hard_braking'],
  [0x92, 'hard_cornering'],
  [0x93, 'accident'],
]);

/** Events of the modular message (0x70, element 0x34). */
export const modularEvents: ReadonlyMap<number, string> = new Map([
  [0x10, 'door'],
  [0x12, 'removing'],
  [0x14, 'geofence_enter'],
  [0x15, 'geofence_exit'],
  [0x16, 'temperature'],
  [0x1a, 'low_battery'],
  [0x1b, 'overspeed'],
  [0x1c, 'power_on'],
  [0x1d, 'power_off'],
  [0x20, 'vibration'],
  [0x21, 'power_cut'],
  [0x23, 'tampering'],
]);

/** Status byte of the AZ735's alarm message. */
export const az735Alarms: ReadonlyMap<number, string> = new Map([
  [0xa2, 'low_battery'],
  [0xa3, 'low_battery'],
  [0xa4, 'general'],
  [0xa5, 'door'],
]);

/** A value of the diagnostic lists: its key on the wire and the names it goes under. */
export interface DiagnosticRow {
  readonly key: string;
  readonly names: readonly string[];
}

/** Values of 0x8C, hundredths. Source: captures read by public decoders. */
export const obdRows: readonly DiagnosticRow[] = [
  { key: '28', names: ['obd_custom_odometer', 'hw_mileage'] },
  { key: '2B', names: ['obd_fuel'] },
  { key: '2D', names: ['obd_coolant_t'] },
  { key: '30', names: ['obd_control_module_voltage'] },
  { key: '35', names: ['obd_speed'] },
  { key: '36', names: ['obd_rpm'] },
  { key: '47', names: ['can_consumption'] },
  { key: '49', names: ['can_engine_hours'] },
];

/** The vehicle identification number of 0x8C: text. */
export const obdVinKey = '4A';

/** Mode 01 values of 0x66, hundredths of the physical value. Source: SAE J1979 for the numbers. */
export const pidRows: readonly DiagnosticRow[] = [
  { key: '04', names: ['obd_engine_load'] },
  { key: '05', names: ['obd_coolant_t'] },
  { key: '0C', names: ['obd_rpm'] },
  { key: '0D', names: ['obd_speed'] },
  { key: '0F', names: ['obd_intake_air_t'] },
  { key: '11', names: ['obd_throttle'] },
  { key: '1F', names: ['obd_time_since_engine_start'] },
  { key: '21', names: ['obd_mil_activated_distance'] },
  { key: '2F', names: ['obd_fuel'] },
  { key: '31', names: ['obd_dtc_cleared_distance'] },
  { key: '42', names: ['obd_control_module_voltage'] },
  { key: '43', names: ['obd_absolute_load_value'] },
  { key: '4D', names: ['obd_mil_run_time'] },
  { key: '5E', names: ['can_fuel_rate', 'obd_consumption'] },
  { key: 'A6', names: ['obd_custom_odometer', 'hw_mileage'] },
];

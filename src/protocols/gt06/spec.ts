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
export const messageTitles: Readonly<Record<number, string>> = {
  1: 'login',
  16: 'GPS',
  17: 'GPS and cell',
  18: 'GPS and cell',
  19: 'heartbeat',
  20: 'satellites',
  21: 'command reply',
  22: 'alarm',
  23: 'Wi-Fi, or GPS with RFID',
  24: 'cells',
  25: 'alarm without position',
  26: 'GPS with phone number',
  30: 'GPS and cells',
  33: 'command reply',
  34: 'GPS and cell, UTC',
  35: 'heartbeat',
  36: 'cells, or GPS with supply',
  37: 'GPS report',
  38: 'alarm, UTC',
  39: 'alarm with geofence',
  40: 'cells',
  42: 'address request',
  44: 'cells and Wi-Fi',
  45: 'GPS and cell, UTC',
  46: 'cells',
  49: 'GPS and cell with altitude',
  50: 'alarm, or AZ735 location',
  51: 'cells, or AZ735 alarm',
  52: 'X1 location, or cells',
  53: 'X1 photo',
  54: 'status, or TRX16i location',
  55: 'GPS and cell with elements',
  56: 'GPS and cell with elements',
  57: 'alarm with elements',
  64: 'battery management',
  65: 'media',
  97: 'GPS with driver',
  101: 'fault codes',
  102: 'diagnostic values',
  105: 'Wi-Fi',
  112: 'modular',
  128: 'command',
  138: 'time',
  140: 'diagnostic values',
  148: 'information',
  149: 'media event',
  151: 'address',
  155: 'serial data',
  160: 'GPS and LTE cell',
  161: 'LTE cells',
  162: 'LTE cells and Wi-Fi, or LWxG location',
  163: 'geofence alarm, or status',
  164: 'geofence alarm',
  165: 'LTE alarm without position',
  167: 'LTE address request',
  178: 'BLE',
  241: 'status elements',
  242: 'peripheral elements',
  243: 'Wi-Fi',
};

/**
 * Alarm byte. Source: Concox, GT06 communication protocol, alarm packet (0x00-0x06); Jimi JM-VL03 protocol, alarm types (0x09-0xFF).
 * The low byte of an extended code is 0x100 times its extension plus the alarm byte.
 */
export const alarms: Readonly<Record<number, string>> = {
  1: 'sos',
  2: 'power_cut',
  3: 'vibration',
  4: 'geofence_enter',
  5: 'geofence_exit',
  6: 'overspeed',
  9: 'tow',
  10: 'gps_dead_zone_enter',
  11: 'gps_dead_zone_exit',
  12: 'power_on',
  13: 'first_fix',
  14: 'low_power',
  15: 'low_power_protection',
  16: 'sim_changed',
  17: 'power_off',
  18: 'flight_mode',
  19: 'tampering',
  20: 'door',
  21: 'power_off',
  22: 'sound',
  23: 'rogue_base_station',
  24: 'cover_opened',
  25: 'low_battery',
  26: 'hard_braking',
  27: 'hard_cornering',
  32: 'sleep',
  35: 'fall_down',
  37: 'tampering',
  38: 'hard_acceleration',
  39: 'hard_braking',
  40: 'hard_braking',
  41: 'hard_acceleration',
  42: 'hard_cornering',
  43: 'hard_cornering',
  44: 'accident',
  46: 'hard_cornering',
  48: 'jamming',
  50: 'removing',
  51: 'lock',
  52: 'unlock',
  83: 'fuel_theft',
  91: 'temperature',
  92: 'temperature',
  201: 'idle',
  240: 'hard_acceleration',
  241: 'hard_braking',
  242: 'accident',
  254: 'ignition_on',
  255: 'ignition_off',
  263: 'jamming',
  267: 'jamming',
};

/** Where models differ from `alarms`. */
export const alarmOverrides: readonly { readonly model: RegExp; readonly alarms: Readonly<Record<number, string>> }[] =
  [
    { model: /\blw|ljdw/i, alarms: { 24: 'accident', 25: 'hard_acceleration' } },
    { model: /seeworld|s11[269]|s102/i, alarms: { 40: 'hard_cornering', 41: 'accident' } },
    { model: /vl10/i, alarms: { 40: 'power_off' } },
    { model: /trx16/i, alarms: { 9: 'geofence', 14: 'low_power' } },
  ];

/** Bits 3-5 of the status byte. Source: Concox, GT06 communication protocol, terminal information. */
export const alarmClasses: Readonly<Record<number, string>> = {
  1: 'vibration',
  2: 'power_cut',
  3: 'low_battery',
  4: 'sos',
  6: 'geofence',
  7: 'removing',
};

export const alarmClassOverrides: typeof alarmOverrides = [{ model: /vxt01/i, alarms: { 7: 'overspeed' } }];

/** Events of the dash-cams (0x95). */
export const mediaEvents: Readonly<Record<number, string>> = {
  1: 'sos',
  14: 'low_power',
  118: 'temperature',
  128: 'vibration',
  135: 'overspeed',
  136: 'power_cut',
  144: 'hard_acceleration',
  145: 'hard_braking',
  146: 'hard_cornering',
  147: 'accident',
};

/** Events of the modular message (0x70, element 0x34). */
export const modularEvents: Readonly<Record<number, string>> = {
  16: 'door',
  18: 'removing',
  20: 'geofence_enter',
  21: 'geofence_exit',
  22: 'temperature',
  26: 'low_battery',
  27: 'overspeed',
  28: 'power_on',
  29: 'power_off',
  32: 'vibration',
  33: 'power_cut',
  35: 'tampering',
};

/** Status byte of the AZ735's alarm message. */
export const az735Alarms: Readonly<Record<number, string>> = {
  162: 'low_battery',
  163: 'low_battery',
  164: 'general',
  165: 'door',
};

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

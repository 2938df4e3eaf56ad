/**
 * What a virtual unit reports besides its position, one row a name: names of `src/domain/fields.ts`, values as a real unit rounds
 * them. All records of one kind share one list of names, so that records stay small.
 */
import type { FieldValue } from '../src/domain/update.js';
import { roundTo } from './numbers.js';
import type { Vehicle } from './vehicle.js';

type Row = readonly [name: string, value: (vehicle: Vehicle) => FieldValue];

/** Wheels turn a little faster than the receiver says: what a speedometer shows. */
const wheelSpeedKmh = (v: Vehicle): number => Math.round(v.drive.speedMps * 3.6 * 1.01);
const rpm = (v: Vehicle): number => Math.round(v.engine.rpm);
const fuelPercent = (v: Vehicle): number => Math.round((100 * v.engine.fuelLitres) / v.kind.tankLitres);
const moving = (v: Vehicle): boolean => v.drive.speedMps > 0.5;
const networkCode = (v: Vehicle): string => `${v.place.mcc}${String(v.place.mnc).padStart(2, '0')}`;

const rows: readonly Row[] = [
  ['hdop', (v) => v.receiver.hdop],
  ['pdop', (v) => roundTo(Math.min(25.5, v.receiver.hdop * 1.7), 1)],
  ['gnss_status', (v) => (v.receiver.fix ? 'fix' : 'no_fix')],
  ['gsm_signal_level', (v) => v.receiver.signalPercent],
  ['gsm_network_code', networkCode],
  ['gsm_network_type', () => 'LTE'],
  ['gsm_roaming', () => false],
  ['gsm_mcc', (v) => v.place.mcc],
  ['gsm_mnc', (v) => v.place.mnc],
  ['gsm_lac', (v) => v.receiver.lac],
  ['gsm_cell_id', (v) => v.receiver.cellId],
  ['board_voltage', (v) => roundTo(v.boardVolts, 3)],
  ['battery_voltage', (v) => roundTo(3.6 + v.batteryPercent * 0.0055, 3)],
  ['battery_level', (v) => v.batteryPercent],
  ['external_power_state', () => true],
  ['charging_status', (v) => v.drive.ignition],
  ['sleep_mode', () => 0],
  ['ignition', (v) => v.drive.ignition],
  ['moving', moving],
  ['engine_blocked', (v) => v.outputs[0] === true],
  ['input_1', (v) => v.drive.ignition],
  ['input_2', (v) => v.drive.phase === 'parked'],
  ['output_1', (v) => v.outputs[0] === true],
  ['output_2', (v) => v.outputs[1] === true],
  ['analog_1', (v) => roundTo((4.8 * v.engine.fuelLitres) / v.kind.tankLitres, 3)],
  ['hw_mileage', (v) => roundTo(v.odometerKm, 3)],
  ['trip_mileage', (v) => roundTo(v.drive.tripM / 1000, 3)],
  ['ignition_on_time', (v) => Math.round(v.ignitionOnS)],
  ['lls_level_1', (v) => Math.round((4000 * v.engine.fuelLitres) / v.kind.tankLitres)],
  ['ext_temp_sensor_1', (v) => roundTo(v.place.airC + 3 * Math.sin(v.odometerKm / 7), 1)],
  ['obd_rpm', rpm],
  ['obd_speed', wheelSpeedKmh],
  ['obd_throttle', (v) => Math.round(v.engine.throttlePercent)],
  ['obd_engine_load', (v) => Math.round(v.engine.loadPercent)],
  ['obd_coolant_t', (v) => Math.round(v.engine.coolantC)],
  ['obd_intake_air_t', (v) => Math.round(v.place.airC + v.engine.coolantC / 12)],
  ['obd_fuel', fuelPercent],
  ['obd_consumption', (v) => roundTo(v.engine.fuelLph, 2)],
  ['obd_control_module_voltage', (v) => roundTo(v.boardVolts - 0.1, 3)],
  ['obd_time_since_engine_start', (v) => Math.min(65_535, Math.round(v.engine.runningS))],
  ['can_speed', wheelSpeedKmh],
  ['can_rpm', rpm],
  ['can_throttle', (v) => Math.round(v.engine.throttlePercent)],
  ['can_engine_load', (v) => Math.round(v.engine.loadPercent)],
  ['can_engine_temp', (v) => roundTo(v.engine.coolantC, 1)],
  ['can_coolant_t', (v) => roundTo(v.engine.coolantC, 1)],
  ['can_oil_temperature', (v) => Math.round(v.engine.oilC)],
  ['can_engine_hours', (v) => roundTo(v.engine.hours, 2)],
  ['can_mileage', (v) => roundTo(v.odometerKm, 3)],
  ['can_consumption', (v) => roundTo(v.engine.fuelUsedLitres, 1)],
  ['can_fuel', fuelPercent],
  ['can_fuel_litres', (v) => roundTo(v.engine.fuelLitres, 1)],
  ['can_fuel_rate', (v) => roundTo(v.engine.fuelLph, 1)],
  ['can_ignition_state', (v) => v.drive.ignition],
  ['can_engine_state', (v) => v.engine.rpm > 0],
  ['can_hand_brake_state', (v) => v.drive.phase === 'parked'],
  ['can_footbrake_state', (v) => v.drive.accelerationMps2 < -0.4],
  ['can_door_driver_state', (v) => v.drive.phase === 'arrived'],
  ['can_seat_belt_driver_state', moving],
];

const seldomRows: readonly Row[] = [
  ['obd_vin', (v) => v.vin],
  ['obd_dtc_number', () => 0],
  ['obd_mil_status', () => false],
];

const namesOf = (list: readonly Row[]): readonly string[] => list.map(([name]) => name);
const allRows = [...rows, ...seldomRows];

export const fieldNames = namesOf(rows);
export const fullFieldNames = namesOf(allRows);

/** Values in the order of `fieldNames`. */
export function fieldValues(vehicle: Vehicle): FieldValue[] {
  return rows.map(([, value]) => value(vehicle));
}

/** Values in the order of `fullFieldNames`. */
export function fullFieldValues(vehicle: Vehicle): FieldValue[] {
  return allRows.map(([, value]) => value(vehicle));
}

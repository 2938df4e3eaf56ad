/**
 * Sensors of a tracker and their last values. Where nobody has set up sensors, each quantity that the unit reports is a sensor of its own
 * (an automatic one), named after what is measured.
 */
import { type FieldRow, fieldOf } from '../../domain/fields.js';
import type { UserRow } from '../../store/rows.js';
import type { SensorValueBody } from './bodies.js';
import { isNumericState } from './state-fields.js';
import type { TrackerView } from './visibility.js';

/** Kinds of quantities a metering sensor may measure. */
export type SensorType =
  | 'fuel'
  | 'temperature'
  | 'rpm'
  | 'custom'
  | 'fuel_consumption'
  | 'instant_consumption'
  | 'power'
  | 'speed'
  | 'flow_meter'
  | 'acceleration';

/** The call that serves a sensor. */
export type SensorGroup = 'fuel' | 'diagnostics' | 'readings';

export interface Sensor {
  readonly label: string;
  /** Name of the raw input. */
  readonly name: string;
  readonly type: SensorType;
  /** `custom`, `celsius`, `fahrenheit`, `litre`, `gallon_us`, `gallon_uk`. */
  readonly unitsType: string;
  /** Unit as people write it. */
  readonly units: string;
}

/** A sensor with its last value. */
export interface SensorReading {
  readonly sensor: Sensor;
  readonly value: number;
  readonly at: number;
}

/** The last values of a tracker's metering sensors, in the order in which the unit first reported them. */
export function readingsOf(view: TrackerView): SensorReading[] {
  const fields = view.state?.fields;
  const readings: SensorReading[] = [];
  for (let slot = 0; fields !== undefined && slot < fields.size; slot++) {
    const name = fields.names[slot] as string;
    const value = fields.valueAt(slot);
    if (typeof value !== 'number' || !Number.isFinite(value) || !isMetering(name)) continue;
    readings.push({ sensor: automaticSensor(name), value, at: fields.timeAt(slot) });
  }
  return readings;
}

/** What belongs to the receiver is part of the position, and what belongs to the modem part of `gsm`. */
const internals = new Set(['hdop', 'pdop', 'vdop', 'precision', 'satellites_visible']);

function isMetering(name: string): boolean {
  return !internals.has(name) && !name.startsWith('gsm_') && !isNumericState(name);
}

const fuelNames = new Set([
  ...[
    'fuel_level',
    'fuel_frequency',
    'fuel_consumption',
    'can_fuel',
    'can_fuel_2',
    'can_fuel_litres',
    'can_fuel_economy',
  ],
]);

/**
 * Which call serves a sensor: by the name of its input first, then by its type.
 * Source: Navixy backend API, `tracker/get_fuel`, `get_diagnostics` and `get_readings`, lists of input names.
 */
export function groupOf(sensor: Pick<Sensor, 'name' | 'type'>): SensorGroup {
  const { name } = sensor;
  if (fuelNames.has(name) || /^lls_level_(?:[1-9]|1[0-6])$/.test(name)) return 'fuel';
  if (/^(?:can_|obd_|raw_can_|uds_)/.test(name)) return 'diagnostics';
  return sensor.type === 'fuel' ? 'fuel' : 'readings';
}

const maxRemembered = 20_000;
const automaticSensors = new Map<string, Sensor>();

function automaticSensor(name: string): Sensor {
  const known = automaticSensors.get(name);
  if (known !== undefined) return known;
  const row = fieldOf(name);
  const units = row?.unit ?? '';
  const type = typeOf(name, units);
  const sensor = { label: labelOf(name, row), name, type, unitsType: unitsTypeOf(units), units };
  if (automaticSensors.size < maxRemembered) automaticSensors.set(name, sensor);
  return sensor;
}

const memberNumber = /_(\d+)$/;

/** `Analog input 2`; for a name without documentation the name itself, as words. */
function labelOf(name: string, row: FieldRow | undefined): string {
  const member = row?.members === undefined ? undefined : memberNumber.exec(name)?.[1];
  const words = row?.doc ?? name.replaceAll('_', ' ').trim();
  const text = words === '' ? name : words.charAt(0).toUpperCase() + words.slice(1);
  return member === undefined ? text : `${text} ${member}`;
}

const typeOfUnit: Readonly<Record<string, SensorType>> = {
  '°C': 'temperature',
  rpm: 'rpm',
  V: 'power',
  'km/h': 'speed',
  'l/h': 'instant_consumption',
  'l/100 km': 'fuel_consumption',
  mg: 'acceleration',
};

function typeOf(name: string, units: string): SensorType {
  if (fuelLevel.test(name)) return 'fuel';
  return typeOfUnit[units] ?? 'custom';
}

const fuelLevel = /^(?:can_fuel(?:_2|_litres)?|obd_fuel|obd_custom_fuel_litres|fuel_level|(?:ble_)?lls_level_\d+)$/;

function unitsTypeOf(units: string): string {
  if (units === '°C') return 'celsius';
  return units === 'l' ? 'litre' : 'custom';
}

interface Conversion {
  readonly unitsType: string;
  readonly convert: (value: number) => number;
}

const litresPerUsGallon = 3.785411784;
const litresPerUkGallon = 4.54609;
const toFahrenheit: Conversion = { unitsType: 'fahrenheit', convert: (celsius) => (celsius * 9) / 5 + 32 };
const toUsGallons: Conversion = { unitsType: 'gallon_us', convert: (litres) => litres / litresPerUsGallon };
const toUkGallons: Conversion = { unitsType: 'gallon_uk', convert: (litres) => litres / litresPerUkGallon };

/** What each measurement system makes of metric units; what is not listed fits as it is. */
const conversions: Readonly<Record<UserRow['measurementSystem'], Readonly<Record<string, Conversion>>>> = {
  metric: {},
  nautical: {},
  imperial: { litre: toUkGallons },
  us: { celsius: toFahrenheit, litre: toUsGallons },
  metric_gal_us: { litre: toUsGallons },
};

/** A sensor's value as shown to a user. */
export function sensorValueBody(reading: SensorReading, system: UserRow['measurementSystem']): SensorValueBody {
  const { sensor, value } = reading;
  const systemConversions = conversions[system];
  const conversion = Object.hasOwn(systemConversions, sensor.unitsType)
    ? systemConversions[sensor.unitsType]
    : undefined;
  return {
    label: sensor.label,
    name: sensor.name,
    type: sensor.type,
    value,
    units_type: sensor.unitsType,
    units: sensor.units,
    converted_units_type: conversion?.unitsType ?? null,
    converted_value: conversion === undefined ? null : rounded(conversion.convert(value)),
  };
}

/** Six decimals: converting must not show the noise of binary fractions. */
function rounded(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}

/** A discrete sensor: something a digital input means. */
export interface DiscreteSensor {
  readonly type: 'ignition' | 'engine' | 'mass' | 'car_alarm' | 'sos_button' | 'hood' | 'door' | 'car_lock' | 'custom';
  readonly name: string | null;
  readonly status: boolean;
  readonly inputNumber: number;
  readonly at: number;
}

/** The ignition wire is input 1. */
const ignitionInput = 1;

/** The discrete sensors of a tracker: ignition, where the unit reports it. */
export function discreteSensorsOf(view: TrackerView): DiscreteSensor[] {
  const ignition = view.state?.fields.get('ignition');
  if (typeof ignition?.value !== 'boolean') return [];
  return [{ type: 'ignition', name: null, status: ignition.value, inputNumber: ignitionInput, at: ignition.at }];
}

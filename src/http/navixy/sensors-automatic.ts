/**
 * Automatic sensors: each quantity that a unit reports and that no sensor was set up for is a sensor of its own, named after what is
 * measured.
 */
import { type FieldRow, fieldOf } from '../../domain/fields.js';
import type { Sensor, SensorType } from './sensors.js';
import { isNumericState } from './state-fields.js';

/** What belongs to the receiver is part of the position, and what belongs to the modem part of `gsm`. */
const internals = new Set(['hdop', 'pdop', 'vdop', 'precision', 'satellites_visible']);

/** Whether a number of this name is a reading. */
export function isMetering(name: string): boolean {
  return !internals.has(name) && !name.startsWith('gsm_') && !isNumericState(name);
}

const maxRemembered = 20_000;
const automaticSensors = new Map<string, Sensor>();

export function automaticSensor(name: string): Sensor {
  const known = automaticSensors.get(name);
  if (known !== undefined) return known;
  const row = fieldOf(name);
  const units = row?.unit ?? '';
  const type = typeOf(name, units);
  const sensor: Sensor = { id: null, label: labelOf(name, row), name, type, unitsType: unitsTypeOf(units), units };
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

/**
 * Sensors of a tracker and their last values: those that were set up, and for every other quantity that the unit reports an automatic
 * one. Calibration and conversion are done here, when a call is answered.
 */
import {
  combined,
  inputValue,
  type MeteringFormula,
  meteringValue,
  numberIn,
  scaled,
} from '../../domain/sensor-value.js';
import type { FieldValue } from '../../domain/update.js';
import type { Registry } from '../../store/registry.js';
import type { SensorRow, UserRow } from '../../store/rows.js';
import { parentIdsOf, sensorsOf } from '../../store/sensors.js';
import type { SensorValueBody } from './bodies.js';
import { automaticSensor, isMetering } from './sensors-automatic.js';
import { converted } from './sensors-units.js';
import type { TrackerView } from './visibility.js';

/** Kinds of quantities a metering sensor may measure. Source: Navixy backend API, `tracker/sensor`, `sensor_type`. */
export const meteringTypes = [
  ...(['fuel', 'temperature', 'rpm', 'custom', 'fuel_consumption', 'instant_consumption', 'power', 'speed'] as const),
  ...(['flow_meter', 'acceleration'] as const),
] as const;
export type SensorType = (typeof meteringTypes)[number];

/** The call that serves a sensor. */
export type SensorGroup = 'fuel' | 'diagnostics' | 'readings';

export interface Sensor {
  /** Null for an automatic one. */
  readonly id: number | null;
  readonly label: string;
  /** Name of the raw input. */
  readonly name: string;
  readonly type: string;
  /** `custom`, `celsius`, `fahrenheit`, `litre`, `gallon_us`, `gallon_uk`, or a word of whoever set it up. */
  readonly unitsType: string;
  /** Unit as people write it. */
  readonly units: string;
  /** What it may show, where that was declared. */
  readonly min?: number;
  readonly max?: number;
}

/** A sensor with its last value. */
export interface SensorReading {
  readonly sensor: Sensor;
  readonly value: number;
  readonly at: number;
}

/** The last values of a tracker's metering sensors: those that were set up by their ids, then automatic ones as first reported. */
export function readingsOf(registry: Registry, view: TrackerView): SensorReading[] {
  const rows = sensorsOf(registry, view.tracker).filter(({ type }) => type === 'metering');
  const readings: SensorReading[] = [];
  for (const row of rows) {
    const read = lastValue(view, row, rows);
    if (read !== undefined) readings.push({ sensor: sensorOfRow(row), ...read });
  }
  return [...readings, ...automaticReadings(view, new Set(rows.map(({ inputName }) => inputName)))];
}

function automaticReadings({ state }: TrackerView, covered: ReadonlySet<string | undefined>): SensorReading[] {
  const fields = state?.fields;
  const readings: SensorReading[] = [];
  for (let slot = 0; fields !== undefined && slot < fields.size; slot++) {
    const name = fields.names[slot] as string;
    const value = fields.valueAt(slot);
    if (typeof value !== 'number' || !Number.isFinite(value) || !isMetering(name) || covered.has(name)) continue;
    readings.push({ sensor: automaticSensor(name), value, at: fields.timeAt(slot) });
  }
  return readings;
}

/** How a metering sensor reads its input. */
export function formulaOf({ divider, parameters, calibration }: SensorRow): MeteringFormula {
  return { divider, min: numberOf(parameters?.min), max: numberOf(parameters?.max), calibration };
}

export function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

/** Sum, unless the average is asked for. */
export function groupingOf({ groupType }: SensorRow): 'sum' | 'avg' {
  return groupType === 'avg' ? 'avg' : 'sum';
}

interface Read {
  readonly value: number;
  readonly at: number;
}

function lastValue(view: TrackerView, row: SensorRow, rows: readonly SensorRow[]): Read | undefined {
  const raw = parentIdsOf(row).length === 0 ? lastInput(view, row) : lastOfParents(view, row, rows);
  const value = raw === undefined ? undefined : meteringValue(raw.value, formulaOf(row));
  return raw === undefined || value === undefined ? undefined : { value, at: raw.at };
}

function lastInput(view: TrackerView, row: SensorRow): Read | undefined {
  const field = lastField(view, row);
  const value = numberIn(field?.value);
  return field === undefined || value === undefined ? undefined : { value, at: field.at };
}

/** What the input of a sensor last said; undefined when it never said anything. */
export function lastField({ state }: TrackerView, row: SensorRow): { value: FieldValue; at: number } | undefined {
  let at = 0;
  const value = inputValue(row.inputName ?? '', (name) => {
    const field = state?.fields.get(name);
    at = Math.max(at, field?.at ?? 0);
    return field?.value;
  });
  return value === undefined ? undefined : { value, at };
}

/** Parts that are gone do not count; parts that have no value leave the whole without one. */
function lastOfParents(view: TrackerView, row: SensorRow, rows: readonly SensorRow[]): Read | undefined {
  const ids = parentIdsOf(row);
  const parents = rows.filter(({ id }) => ids.includes(id) && id !== row.id);
  const reads = parents.filter((parent) => parentIdsOf(parent).length === 0).map((each) => lastValue(view, each, rows));
  const value = combined(
    reads.map((read) => read?.value),
    groupingOf(row),
  );
  return value === undefined ? undefined : { value, at: Math.max(...reads.map((read) => read?.at ?? 0)) };
}

function sensorOfRow(row: SensorRow): Sensor {
  const { id, name: label, sensorType: type } = row;
  const { units = '', unitsType = 'custom', inputName: name = '' } = row;
  return { id, label, name, type, unitsType, units, ...shownRange(formulaOf(row)) };
}

/** The range of what is shown, made of the one that its input is accepted in. */
function shownRange(formula: MeteringFormula): Pick<Sensor, 'min' | 'max'> {
  const ends = [formula.min, formula.max].map((end) => (end === undefined ? undefined : scaled(end, formula)));
  const [low, high] = isFalling(ends, formula) ? ends.reverse() : ends;
  return { ...(isEnd(low) ? { min: low } : {}), ...(isEnd(high) ? { max: high } : {}) };
}

function isEnd(value: number | undefined): value is number {
  return Number.isFinite(value);
}

/** Whether more at the input is less of what is shown. */
function isFalling([low, high]: readonly (number | undefined)[], { divider = 1 }: MeteringFormula): boolean {
  return low === undefined || high === undefined ? divider < 0 : low > high;
}

const fuelNames = new Set([
  ...['fuel_level', 'fuel_frequency', 'fuel_consumption'],
  ...['can_fuel', 'can_fuel_2', 'can_fuel_litres', 'can_fuel_economy'],
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

/** A sensor's value as shown to a user. */
export function sensorValueBody(reading: SensorReading, system: UserRow['measurementSystem']): SensorValueBody {
  const { sensor, value } = reading;
  return {
    label: sensor.label,
    name: sensor.name,
    type: sensor.type,
    value,
    units_type: sensor.unitsType,
    units: sensor.units,
    ...converted(value, sensor.unitsType, system),
    ...(sensor.min === undefined ? {} : { min_value: sensor.min }),
    ...(sensor.max === undefined ? {} : { max_value: sensor.max }),
  };
}

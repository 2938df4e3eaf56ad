/**
 * Sensors that show a state and no quantity: virtual ones, which make a text of an input, and discrete ones, which say what a digital
 * input means.
 */
import { type VirtualFormula, virtualText, virtualValue } from '../../domain/sensor-value.js';
import type { Registry } from '../../store/registry.js';
import type { SensorRow, TrackerRow } from '../../store/rows.js';
import { isIgnition, sensorOwnerId, sensorsOf } from '../../store/sensors.js';
import { lastField, numberOf } from './sensors.js';
import type { TrackerView } from './visibility.js';

/** What a virtual sensor shows. */
export interface VirtualReading {
  readonly row: SensorRow;
  /** Before titles. */
  readonly value: string;
  /** After titles. */
  readonly text: string;
  readonly at: number;
}

/** The last values of a tracker's virtual sensors, by their ids. */
export function virtualReadingsOf(registry: Registry, view: TrackerView): VirtualReading[] {
  const rows = sensorsOf(registry, view.tracker).filter(({ type }) => type === 'virtual');
  return rows.map((row) => virtualReading(view, row)).filter((reading) => reading !== undefined);
}

function virtualReading(view: TrackerView, row: SensorRow): VirtualReading | undefined {
  const field = lastField(view, row);
  const formula = virtualFormulaOf(row);
  const value = field === undefined ? undefined : virtualValue(field.value, formula);
  if (field === undefined || value === undefined) return undefined;
  return { row, value, text: virtualText(value, formula), at: field.at };
}

/** How a virtual sensor makes its text. */
export function virtualFormulaOf({ parameters = {} }: SensorRow): VirtualFormula {
  const titles = (parameters.value_titles ?? []) as readonly { readonly value: string; readonly title: string }[];
  return {
    method: (parameters.calc_method as VirtualFormula['method'] | undefined) ?? 'identity',
    rangeFrom: numberOf(parameters.range_from),
    rangeTo: numberOf(parameters.range_to),
    bitIndex: numberOf(parameters.bit_index),
    titles: new Map(titles.map(({ value, title }) => [value, title])),
  };
}

/** Kinds that `tracker/get_inputs` shows; all others are `custom` there. */
export const shownDiscreteTypes = [
  ...(['ignition', 'engine', 'mass', 'car_alarm', 'sos_button', 'hood', 'door', 'car_lock', 'custom'] as const),
] as const;
type ShownDiscreteType = (typeof shownDiscreteTypes)[number];
/** Kinds that discrete sensors may be of. Source: Navixy backend API, `tracker/sensor` and `tracker/get_inputs`: they list different ones. */
export const discreteTypes = [...shownDiscreteTypes, 'power', 'charge', 'detach'] as const;

/** A discrete sensor: something a digital input means. */
export interface DiscreteSensor {
  readonly type: ShownDiscreteType;
  readonly name: string | null;
  readonly status: boolean;
  readonly inputNumber: number;
  readonly at: number;
}

/** The ignition wire is input 1. */
const ignitionInput = 1;

/** The discrete sensors of a tracker: those that were set up, and the ignition where the unit reports it and nothing else is on its wire. */
export function discreteSensorsOf(registry: Registry, view: TrackerView): DiscreteSensor[] {
  const rows = sensorsOf(registry, view.tracker).filter(({ type }) => type === 'discrete');
  const sensors = rows.map((row) => discreteSensor(view, row));
  const ignition = view.state?.fields.get('ignition');
  const isCovered = sensors.some(({ type, inputNumber }) => type === 'ignition' || inputNumber === ignitionInput);
  if (isCovered || typeof ignition?.value !== 'boolean') return sensors;
  const { value: status, at } = ignition;
  return [...sensors, { type: 'ignition', name: null, status, inputNumber: ignitionInput, at }];
}

/** A unit that has a word for the ignition but none for its wire is believed. */
function discreteSensor({ state }: TrackerView, row: SensorRow): DiscreteSensor {
  const { name, inputNumber = 0, sensorType } = row;
  const line = state?.fields.get(`input_${inputNumber}`);
  const field = line ?? (sensorType === 'ignition' ? state?.fields.get('ignition') : undefined);
  const isShown = (shownDiscreteTypes as readonly string[]).includes(sensorType);
  const type = isShown ? (sensorType as ShownDiscreteType) : 'custom';
  return { type, name, status: field?.value === true, inputNumber, at: field?.at ?? 0 };
}

/** The sensor that tells whether the ignition is on, the wired one before the virtual one; undefined where none was set up. */
export function ignitionSensorOf(registry: Registry, tracker: TrackerRow): SensorRow | undefined {
  const rows = registry.sensorsOfTracker(sensorOwnerId(registry, tracker));
  if (rows.length === 0) return undefined;
  const found = rows.filter(isIgnition);
  return found.find(({ type }) => type === 'discrete') ?? found[0];
}

/** What the ignition sensor says; undefined while it says nothing. */
export function ignitionOf(view: TrackerView, sensor: SensorRow): { isOn: boolean; at: number } | undefined {
  if (sensor.type === 'virtual') {
    const reading = virtualReading(view, sensor);
    return reading === undefined ? undefined : { isOn: reading.value === '1', at: reading.at };
  }
  const { status: isOn, at } = discreteSensor(view, sensor);
  return at > 0 ? { isOn, at } : undefined;
}

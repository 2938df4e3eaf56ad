/**
 * What a sensor has shown over time, made of the records that the journal keeps.
 */
import { combined, inputValue, meteringValue, numberIn, virtualText, virtualValue } from '../../domain/sensor-value.js';
import { fieldValue, type StateUpdate } from '../../domain/update.js';
import type { History } from '../../store/history-records.js';
import type { SensorRow } from '../../store/rows.js';
import { parentIdsOf } from '../../store/sensors.js';
import type { Span } from './date-params.js';
import { formulaOf, groupingOf } from './sensors.js';
import { virtualFormulaOf } from './sensors-states.js';
import type { TrackerView } from './visibility.js';

export interface SensorSample {
  readonly at: number;
  /** Text of a virtual sensor. */
  readonly value: number | string;
}

export interface WantedSamples {
  readonly view: TrackerView;
  readonly sensor: SensorRow;
  /** Every sensor of the tracker: some are made of others. */
  readonly sensors: readonly SensorRow[];
  readonly span: Span;
  /** The input as it was read, without calibration, divider and titles. */
  readonly isRaw: boolean;
}

/** Values in order of their times, those of boxes that the tracker had before included. A record that was sent twice counts once. */
export async function sensorHistory(history: History, wanted: WantedSamples): Promise<SensorSample[]> {
  const { sensor, sensors } = wanted;
  const ids = parentIdsOf(sensor);
  const parents = sensors.filter(({ id }) => ids.includes(id));
  if (ids.length === 0) return samplesOf(history, wanted, (update) => sampleOf(update, sensor, wanted.isRaw));
  const parts = await samplesOf(history, wanted, (update) => partsOf(update, parents));
  return composite(parts, wanted);
}

interface Sample<V> {
  readonly at: number;
  readonly value: V;
}

/** What `pick` finds in the records of the span, by time; of several of one time the one that came last. */
async function samplesOf<V>(
  history: History,
  { view, span }: WantedSamples,
  pick: (update: StateUpdate) => V | undefined,
): Promise<Sample<V>[]> {
  const { sourceId, formerSourceIds = [] } = view.tracker;
  const samples = new Map<number, Sample<V>>();
  for await (const { at, update } of history.records({ sourceIds: [...formerSourceIds, sourceId], ...span })) {
    const value = pick(update);
    if (value !== undefined) samples.set(at, { at, value });
  }
  return [...samples.values()].sort((left, right) => left.at - right.at);
}

function sampleOf(update: StateUpdate, sensor: SensorRow, isRaw: boolean): number | string | undefined {
  const value = inputValue(sensor.inputName ?? '', (name) => fieldValue(update, name));
  if (value === undefined) return undefined;
  if (sensor.type === 'metering') {
    const number = numberIn(value);
    return number === undefined || isRaw ? number : meteringValue(number, formulaOf(sensor));
  }
  const formula = virtualFormulaOf(sensor);
  const made = isRaw ? virtualValue(value, { ...formula, method: 'identity' }) : virtualValue(value, formula);
  return made === undefined || isRaw ? made : virtualText(made, formula);
}

/** What one record says of each part; undefined when it says nothing of any. */
function partsOf(update: StateUpdate, parents: readonly SensorRow[]): (number | undefined)[] | undefined {
  const values = parents.map((parent) => sampleOf(update, parent, false) as number | undefined);
  return values.some((value) => value !== undefined) ? values : undefined;
}

/** A part keeps its last value until it has another; before each has one there is no whole. */
function composite(
  samples: readonly Sample<(number | undefined)[]>[],
  { sensor, isRaw }: WantedSamples,
): SensorSample[] {
  const made: SensorSample[] = [];
  let last: (number | undefined)[] = [];
  for (const { at, value: parts } of samples) {
    last = parts.map((part, i) => part ?? last[i]);
    const sum = combined(last, groupingOf(sensor));
    const value = sum === undefined || isRaw ? sum : meteringValue(sum, formulaOf(sensor));
    if (value !== undefined) made.push({ at, value });
  }
  return made;
}

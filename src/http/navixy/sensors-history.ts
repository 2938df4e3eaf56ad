/**
 * What a sensor has shown over time, made of the records that the journal keeps.
 */
import { combined, inputValue, meteringValue, numberIn, virtualText, virtualValue } from '../../domain/sensor-value.js';
import { fieldValue, type StateUpdate } from '../../domain/update.js';
import type { History } from '../../store/history-records.js';
import type { SensorRow } from '../../store/rows.js';
import { parentIdsOf } from '../../store/sensors.js';
import type { Span } from './date-params.js';
import { type Sample, Samples } from './samples.js';
import { formulaOf, groupingOf } from './sensors.js';
import { virtualFormulaOf } from './sensors-states.js';
import type { TrackerView } from './visibility.js';

/** Text of a virtual sensor. */
export type SensorSample = Sample<number | string>;

export interface WantedSamples {
  readonly view: TrackerView;
  readonly sensor: SensorRow;
  /** Every sensor of the tracker: some are made of others. */
  readonly sensors: readonly SensorRow[];
  readonly span: Span;
  /** The input as it was read, without calibration, divider and titles. */
  readonly isRaw: boolean;
}

/** Most values in one answer. */
const maxSamples = 20_000;

/**
 * Values in order of their times, those of boxes that the tracker had before included. A record that was sent twice counts once; where
 * values are too many, those close together are thinned out.
 */
export async function sensorHistory(history: History, wanted: WantedSamples): Promise<SensorSample[]> {
  const { sensor, sensors, isRaw } = wanted;
  const ids = parentIdsOf(sensor);
  if (ids.length === 0) return (await samplesOf(history, wanted, [{ sensor, isRaw }])).flat();
  const parts = sensors.filter(({ id }) => ids.includes(id)).map((part) => ({ sensor: part, isRaw: false }));
  return composite(await samplesOf(history, wanted, parts), wanted);
}

/** What a sensor shows of a record. */
interface Look {
  readonly sensor: SensorRow;
  readonly isRaw: boolean;
}

/** What the records of the span hold of each sensor, by time; of several of one time the one that came last. */
async function samplesOf(
  history: History,
  { view, span }: WantedSamples,
  looks: readonly Look[],
): Promise<SensorSample[][]> {
  const { sourceId, formerSourceIds = [] } = view.tracker;
  const found = looks.map((look) => ({ look, samples: new Samples<number | string>(maxSamples / looks.length) }));
  for await (const { at, update } of history.records({ sourceIds: [...formerSourceIds, sourceId], ...span })) {
    for (const { look, samples } of found) {
      const value = sampleOf(update, look);
      if (value !== undefined) samples.put(at, value);
    }
  }
  return found.map(({ samples }) => samples.inOrder());
}

function sampleOf(update: StateUpdate, { sensor, isRaw }: Look): number | string | undefined {
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

/** A part keeps its last value until it has another; before each has one there is no whole. */
function composite(parts: readonly (readonly SensorSample[])[], { sensor, isRaw }: WantedSamples): SensorSample[] {
  const events = parts.flatMap((samples, part) => samples.map(({ at, value }) => ({ at, value: Number(value), part })));
  events.sort((left, right) => left.at - right.at);
  const last = parts.map((): number | undefined => undefined);
  const made: SensorSample[] = [];
  events.forEach(({ at, value: partValue, part }, i) => {
    last[part] = partValue;
    if (events[i + 1]?.at === at) return;
    const whole = combined(last, groupingOf(sensor));
    const value = whole === undefined || isRaw ? whole : meteringValue(whole, formulaOf(sensor));
    if (value !== undefined) made.push({ at, value });
  });
  return made;
}

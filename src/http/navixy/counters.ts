/**
 * Counters of trackers: from the totals of their units to what users see. A counter follows the best total of the unit, or a sensor where
 * one was chosen; once somebody has set it, it goes on from there, whatever becomes of the unit. Clones show those of the tracker they
 * were made of.
 */
import {
  bestTotal,
  type CounterType,
  counterTypes,
  sentTotal,
  summed,
  summedTotal,
  type Total,
} from '../../domain/counters.js';
import type { UnitState } from '../../domain/state.js';
import type { MeterRow, MeterStart, SensorRow, TrackerRow } from '../../store/rows.js';
import { sensorOwnerId } from '../../store/sensors.js';
import type { CallContext } from './call.js';
import { readingsOf } from './sensors.js';
import type { TrackerView } from './visibility.js';

/** What a counter shows: km or hours, and of which time, ms since 1970 UTC. */
export interface CounterValue {
  readonly type: CounterType;
  readonly value: number;
  readonly at: number;
}

/** The time in which a tracker had one box: the counter shows `offset + multiplier * total`. */
export interface Stretch {
  readonly sourceId: number;
  /** The total it follows: see `domain/counters.ts`, or `sensor`. */
  readonly by: string;
  readonly offset: number;
  /** Its last value; undefined where there was none yet. */
  readonly total: Total | undefined;
}

/** How a counter of a tracker is made. */
export interface CounterPlan {
  readonly type: CounterType;
  /** The tracker that the counter belongs to, as the user sees it. */
  readonly view: TrackerView;
  readonly meter: MeterRow | undefined;
  readonly multiplier: number;
  /** The sensor that was chosen, while it is there. */
  readonly sensor: SensorRow | undefined;
  /** Box by box, oldest first. */
  readonly stretches: readonly Stretch[];
}

/** A total that comes from the sensor that was chosen. */
export const bySensor = 'sensor';

export function meterId(trackerId: number, type: CounterType): string {
  return `${trackerId}:${type}`;
}

/** Every tracker has both counters, so their ids follow from its own. */
export function counterId({ id }: TrackerRow, type: CounterType): number {
  return id * counterTypes.length - (type === 'odometer' ? 1 : 0);
}

/** The values of a tracker's counters; those of which nothing is known are left out. */
export function counterValues(context: CallContext, view: TrackerView): CounterValue[] {
  return counterTypes
    .map((type) => counterValue(counterPlan(context, view, type)))
    .filter((each) => each !== undefined);
}

/** How a counter is made, as it is kept. */
export function counterPlan(context: CallContext, view: TrackerView, type: CounterType): CounterPlan {
  const { registry } = context.services.store;
  const tracker = registry.get('tracker', sensorOwnerId(registry, view.tracker)) ?? view.tracker;
  return planWith(context, { ...view, tracker }, type, registry.get('meter', meterId(tracker.id, type)));
}

/** How it would be made with these settings. `view` is of the tracker that the counter belongs to. */
export function planWith(
  context: CallContext,
  view: TrackerView,
  type: CounterType,
  meter: MeterRow | undefined,
): CounterPlan {
  const multiplier = meter?.multiplier ?? 1;
  const { registry } = context.services.store;
  const row = meter?.sensorId === undefined ? undefined : registry.get('sensor', meter.sensorId);
  const sensor = row !== undefined && isCountable(row, view.tracker) ? row : undefined;
  const totals = new Totals(context, view, type, sensor);
  const { sourceId, formerSourceIds = [] } = view.tracker;
  const sourceIds = [...formerSourceIds, sourceId];
  const stretches =
    meter?.start === undefined
      ? freeStretches(totals, sourceIds, multiplier)
      : setStretches(totals, sourceIds, multiplier, meter.start);
  return { type, view, meter, multiplier, sensor, stretches };
}

/** Whether a counter of the tracker may follow this sensor. */
export function isCountable(sensor: SensorRow, tracker: TrackerRow): boolean {
  return sensor.type === 'metering' && sensor.trackerId === tracker.id;
}

/** What the counter shows now; undefined while nothing is known. */
export function counterValue({ type, meter, multiplier, stretches }: CounterPlan): CounterValue | undefined {
  const last = stretches.at(-1);
  if (last === undefined) return undefined;
  const at = stretches.reduce((newest, { total }) => Math.max(newest, total?.at ?? 0), meter?.start?.at ?? 0);
  const total = last.total?.value ?? (stretches.length === 1 ? meter?.start?.total : undefined);
  return at === 0 || total === undefined ? undefined : { type, value: shown(last.offset + multiplier * total), at };
}

/** To the metre; a total that was turned back does not take the counter below 0. */
export function shown(value: number): number {
  return Math.max(0, Math.round(value * 1000) / 1000);
}

/** Where a counter stands that is set to `value` now. While no total is known it is to go on by what is summed up. */
export function startAt(context: CallContext, { type, view, sensor }: CounterPlan, value: number): MeterStart {
  const { sourceId } = view.tracker;
  const totals = new Totals(context, view, type, sensor);
  const total = totals.followed(sourceId) ?? totals.by(sourceId, summed);
  return { value, at: context.now, sourceId, by: total?.by ?? summed, total: total?.value ?? 0 };
}

/** Each box by its own total, or by a sum that goes on from where the one before ended. */
function freeStretches(totals: Totals, sourceIds: readonly number[], multiplier: number): Stretch[] {
  let carried = 0;
  return sourceIds.map((sourceId) => {
    const total = totals.followed(sourceId);
    const by = total?.by ?? totals.unknown;
    const offset = by === summed ? carried : 0;
    carried = offset + multiplier * (total?.value ?? 0);
    return { sourceId, by, offset, total: total ?? totals.by(sourceId, by) };
  });
}

/** From the box that it was set with by the same total, then by sums; sums lead back into the time before as well. */
function setStretches(totals: Totals, sourceIds: readonly number[], multiplier: number, start: MeterStart): Stretch[] {
  const { sourceId, by } = start;
  const first = { sourceId, by, offset: start.value - multiplier * start.total, total: totals.by(sourceId, by) };
  const stretches: Stretch[] = [first];
  let carried = first.offset + multiplier * (first.total?.value ?? start.total);
  for (const laterId of sourceIds.slice(sourceIds.indexOf(sourceId) + 1)) {
    const total = totals.by(laterId, summed);
    stretches.push({ sourceId: laterId, by: summed, offset: carried, total });
    carried += multiplier * (total?.value ?? 0);
  }
  let { offset } = first;
  for (const earlierId of by === summed ? sourceIds.slice(0, sourceIds.indexOf(sourceId)).reverse() : []) {
    const total = totals.by(earlierId, summed);
    offset -= multiplier * (total?.value ?? 0);
    stretches.unshift({ sourceId: earlierId, by: summed, offset, total });
  }
  return stretches;
}

/** What the boxes of a tracker know of one counter. */
class Totals {
  readonly #context: CallContext;
  readonly #view: TrackerView;
  readonly #type: CounterType;
  readonly #sensor: SensorRow | undefined;

  constructor(context: CallContext, view: TrackerView, type: CounterType, sensor: SensorRow | undefined) {
    this.#context = context;
    this.#view = view;
    this.#type = type;
    this.#sensor = sensor;
  }

  /** What a box that has no total yet will be followed by. */
  get unknown(): string {
    return this.#sensor === undefined ? summed : bySensor;
  }

  /** The total that a counter nobody has set shows; undefined while there is none. */
  followed(sourceId: number): Total | undefined {
    return this.#sensor === undefined ? bestTotal(this.#stateOf(sourceId), this.#type) : this.by(sourceId, bySensor);
  }

  by(sourceId: number, by: string): Total | undefined {
    const state = this.#stateOf(sourceId);
    if (by === summed) return summedTotal(state, this.#type);
    return by === bySensor ? this.#sensorTotal(state) : sentTotal(state, by);
  }

  #sensorTotal(state: UnitState | undefined): Total | undefined {
    const readings = readingsOf(this.#context.services.store.registry, { ...this.#view, state });
    const reading = readings.find(({ sensor }) => sensor.id !== null && sensor.id === this.#sensor?.id);
    return reading === undefined ? undefined : { by: bySensor, value: reading.value, at: reading.at };
  }

  #stateOf(sourceId: number): UnitState | undefined {
    return this.#context.services.store.stateOf(sourceId);
  }
}

/**
 * What counters have shown, and how far trackers have come day by day, made of the records that the journal keeps.
 */
import { Odometer, summed, summedTotal } from '../../domain/counters.js';
import { UnitState } from '../../domain/state.js';
import { fieldValue } from '../../domain/update.js';
import type { History, KeptRecord } from '../../store/history-records.js';
import { Pacer } from '../../store/pacer.js';
import type { TrackerRow } from '../../store/rows.js';
import { sensorsOf } from '../../store/sensors.js';
import type { CallContext } from './call.js';
import { bySensor, type CounterPlan, type Stretch, shown } from './counters.js';
import type { Span } from './date-params.js';
import { type Sample, Samples } from './samples.js';
import { sensorHistory } from './sensors-history.js';

/** Most values in one answer. */
const maxSamples = 20_000;

/** Values of a counter in a span of time, by their times. */
export async function counterHistory(context: CallContext, plan: CounterPlan, span: Span): Promise<Sample[]> {
  const samples = new Samples(maxSamples);
  const pacer = new Pacer();
  for (const stretch of plan.stretches) {
    for (const { at, value } of await totalsOf(context, plan, stretch, span)) {
      samples.put(at, shown(stretch.offset + plan.multiplier * value));
      if (pacer.isDue) await pacer.rest();
    }
  }
  return samples.inOrder();
}

async function totalsOf(context: CallContext, plan: CounterPlan, stretch: Stretch, span: Span): Promise<Sample[]> {
  const { history } = context.services;
  if (stretch.by === summed) return sums(history, plan, stretch, span);
  return stretch.by === bySensor ? sensorTotals(context, plan, stretch, span) : sentTotals(history, stretch, span);
}

/**
 * The unit's records are folded again, up to the moment of which the sum is known: what is missing to that sum then was there before the
 * first record.
 */
async function sums(
  history: History,
  { type }: CounterPlan,
  { sourceId, total }: Stretch,
  span: Span,
): Promise<Sample[]> {
  if (total === undefined || total.at === 0) return [];
  const samples = new Samples(maxSamples);
  const state = new UnitState();
  let newestAt = 0;
  const query = { sourceIds: [sourceId], fromMs: span.fromMs, toMs: total.at };
  for await (const { at, update, receivedAt } of history.records(query)) {
    state.apply(update, at, receivedAt);
    const sum = summedTotal(state, type);
    if (sum.at <= newestAt) continue;
    newestAt = sum.at;
    if (newestAt <= span.toMs) samples.put(newestAt, sum.value);
  }
  const before = total.value - summedTotal(state, type).value;
  return samples.inOrder().map(({ at, value }) => ({ at, value: before + value }));
}

async function sentTotals(history: History, { sourceId, by }: Stretch, span: Span): Promise<Sample[]> {
  const samples = new Samples(maxSamples);
  for await (const { at, update } of history.records({ sourceIds: [sourceId], ...span })) {
    const value = fieldValue(update, by);
    if (typeof value === 'number') samples.put(at, value);
  }
  return samples.inOrder();
}

async function sensorTotals(
  context: CallContext,
  { view, sensor }: CounterPlan,
  { sourceId }: Stretch,
  span: Span,
): Promise<Sample[]> {
  if (sensor === undefined) return [];
  const { history, store } = context.services;
  const sensors = sensorsOf(store.registry, view.tracker);
  const { formerSourceIds: _former, ...tracker } = view.tracker;
  const wanted = { view: { ...view, tracker: { ...tracker, sourceId } }, sensor, sensors, span, isRaw: false };
  const values = await sensorHistory(history, wanted);
  return values.flatMap(({ at, value }) => (typeof value === 'number' ? [{ at, value }] : []));
}

const hourMs = 3_600_000;

/** Kilometres by day, in the user's zone, of the days that there are fixes of. Days are in order. */
export async function mileageByDay(
  context: CallContext,
  { sourceId, formerSourceIds = [] }: TrackerRow,
  span: Span,
): Promise<Record<string, { mileage: number }>> {
  const hours = await fixesByHour(context.services.history, [...formerSourceIds, sourceId], span);
  const odometer = new Odometer();
  const pacer = new Pacer();
  const days = new Map<string, number>();
  for (const [, fixes] of [...hours].sort(([left], [right]) => left - right)) {
    for (const [at, lat, lng, speedKmh] of fixes.sort(([left], [right]) => left - right)) {
      const before = odometer.km;
      odometer.add(lat, lng, speedKmh, at);
      const day = context.dates.formatDay(at);
      days.set(day, (days.get(day) ?? 0) + odometer.km - before);
    }
    if (pacer.isDue) await pacer.rest();
  }
  return Object.fromEntries([...days].map(([day, km]) => [day, { mileage: Math.round(km * 100) / 100 }]));
}

type Fix = readonly [at: number, lat: number, lng: number, speedKmh: number];

/** Fixes come in the order of receipt; sorting them hour by hour takes no long step. */
async function fixesByHour(history: History, sourceIds: readonly number[], span: Span): Promise<Map<number, Fix[]>> {
  const hours = new Map<number, Fix[]>();
  for await (const record of history.records({ sourceIds, ...span })) {
    const fix = fixOf(record);
    if (fix === undefined) continue;
    const hour = Math.floor(record.at / hourMs);
    const fixes = hours.get(hour);
    if (fixes === undefined) hours.set(hour, [fix]);
    else fixes.push(fix);
  }
  return hours;
}

/** Positions made of cells are no part of a track. */
function fixOf({ at, update }: KeptRecord): Fix | undefined {
  const { position } = update;
  if (position?.valid !== true || position.lat === null || position.lng === null) return undefined;
  return update.names.includes('gps_lbs') ? undefined : [at, position.lat, position.lng, position.speedKmh ?? 0];
}

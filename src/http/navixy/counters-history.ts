/**
 * What counters have shown, and how far trackers have come day by day, made of the records that the journal keeps.
 */
import { Odometer, summed, summedTotal } from '../../domain/counters.js';
import { UnitState } from '../../domain/state.js';
import { fieldValue } from '../../domain/update.js';
import type { History, HistoryQuery, KeptRecord } from '../../store/history-records.js';
import { Pacer } from '../../store/pacer.js';
import type { TrackerRow } from '../../store/rows.js';
import { sensorsOf } from '../../store/sensors.js';
import type { CallContext } from './call.js';
import { bySensor, type CounterPlan, type Stretch, shown } from './counters.js';
import type { Span } from './date-params.js';
import { NavixyError } from './errors.js';
import { FixesByHour, type TimedFix } from './fixes-by-hour.js';
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

/** Most fixes of one tracker: a month of one a second fits. */
const mostFixes = 2_700_000;

/** Kilometres by day, in the user's zone, of the days that there are fixes of. Days are in order. Throws code 211. */
export async function mileageByDay(
  context: CallContext,
  { sourceId, formerSourceIds = [] }: TrackerRow,
  span: Span,
  maxFixes = mostFixes,
): Promise<Record<string, { mileage: number }>> {
  const query = { sourceIds: [...formerSourceIds, sourceId], ...span };
  const fixes = await fixesOf(context.services.history, query, maxFixes);
  const odometer = new Odometer();
  const pacer = new Pacer();
  const days = new Map<string, number>();
  for (const { at, lat, lng, speedKmh } of fixes.inOrder()) {
    const before = odometer.km;
    odometer.add(lat, lng, speedKmh, at);
    const day = context.dates.formatDay(at);
    days.set(day, (days.get(day) ?? 0) + odometer.km - before);
    if (pacer.isDue) await pacer.rest();
  }
  return Object.fromEntries([...days].map(([day, km]) => [day, { mileage: Math.round(km * 100) / 100 }]));
}

async function fixesOf(history: History, query: HistoryQuery, maxFixes: number): Promise<FixesByHour> {
  const fixes = new FixesByHour(maxFixes);
  for await (const record of history.records(query)) {
    const fix = fixOf(record);
    if (fix !== undefined && !fixes.add(fix)) throw new NavixyError(211);
  }
  return fixes;
}

/** Positions made of cells are no part of a track. */
function fixOf({ at, update }: KeptRecord): TimedFix | undefined {
  const { position } = update;
  if (position?.valid !== true || position.lat === null || position.lng === null) return undefined;
  if (update.names.includes('gps_lbs')) return undefined;
  return { at, lat: position.lat, lng: position.lng, speedKmh: position.speedKmh ?? 0 };
}

/**
 * Odometer and engine hours: `tracker/get_counters`, `tracker/counter/read`, `update`, `value/get`, `value/list`, `value/set`, `data/read`.
 */
import { Type } from '@sinclair/typebox';
import { type CounterType, counterTypes } from '../../../domain/counters.js';
import { StoreError } from '../../../errors.js';
import type { Transaction } from '../../../store/contract.js';
import type { MeterRow } from '../../../store/rows.js';
import { dateTime } from '../bodies.js';
import { type CallContext, defineCall, PreparedAnswer } from '../call.js';
import {
  type CounterPlan,
  counterId,
  counterPlan,
  counterValue,
  counterValues,
  isCountable,
  meterId,
  planWith,
  startAt,
} from '../counters.js';
import { counterHistory } from '../counters-history.js';
import { dateParam, requireSpan } from '../date-params.js';
import { invalidParameters, NavixyError } from '../errors.js';
import { pacedJson } from '../paced-json.js';
import { dictionary, oneOf, trackerId } from '../param-types.js';
import type { Sample } from '../samples.js';
import { limitSpan } from '../spans.js';
import { requireOpenTracker, requireTrackers, type TrackerView } from '../visibility.js';

const type = oneOf(counterTypes, { description: '`odometer`: km, `engine_hours`: h' });
const params = Type.Object({ tracker_id: trackerId, type });
const value = Type.Number({ minimum: 0, maximum: 1e9, description: 'km or h' });
const multiplier = Type.Number({
  minimum: 0,
  maximum: 1e6,
  description: 'The total of the device is multiplied by it',
});

const getCounters = defineCall({
  name: 'tracker/get_counters',
  summary: 'Counters of a tracker; those of which nothing is known are left out',
  params: Type.Object({ tracker_id: trackerId }),
  response: {
    user_time: dateTime,
    list: Type.Array(Type.Object({ type, value: Type.Number(), update_time: dateTime })),
  },
  errors: [204, 208],
  handler: (context, { tracker_id }) => {
    const values = counterValues(context, requireOpenTracker(context, tracker_id, 204));
    return {
      user_time: context.dates.format(context.now),
      list: values.map((each) => ({ type: each.type, value: each.value, update_time: context.dates.format(each.at) })),
    };
  },
});

const read = defineCall({
  name: 'tracker/counter/read',
  summary: 'Settings of a counter',
  params,
  response: {
    value: Type.Object({
      id: Type.Integer(),
      type,
      multiplier: Type.Number(),
      sensor_id: Type.Optional(Type.Integer({ description: 'Sensor that the odometer follows' })),
    }),
  },
  errors: [204, 208, 219],
  handler: (context, wanted) => {
    const view = requireOriginal(context, wanted.tracker_id);
    const plan = counterPlan(context, view, wanted.type);
    const settings = { id: counterId(view.tracker, wanted.type), type: wanted.type, multiplier: plan.multiplier };
    return { value: { ...settings, ...(plan.sensor === undefined ? {} : { sensor_id: plan.sensor.id }) } };
  },
});

const update = defineCall({
  name: 'tracker/counter/update',
  summary: 'Changes settings of a counter. One that was set goes on from where it stands',
  params: Type.Object({
    tracker_id: trackerId,
    type,
    multiplier,
    sensor_id: Type.Optional(
      Type.Integer({ description: 'Metering sensor that the odometer follows; none when left out' }),
    ),
  }),
  response: {},
  rights: ['tracker_update'],
  errors: [8, 13, 204, 208, 219],
  examine: (wanted) =>
    wanted.type === 'engine_hours' && wanted.sensor_id !== undefined
      ? [{ parameter: 'sensor_id', error: 'must be null' }]
      : [],
  handler: async (context, wanted) => {
    const view = requireOriginal(context, wanted.tracker_id);
    const sensorId = wanted.sensor_id;
    const sensor = sensorId === undefined ? undefined : context.services.store.registry.get('sensor', sensorId);
    if (sensorId !== undefined && (sensor === undefined || !isCountable(sensor, view.tracker))) {
      throw invalidParameters([{ parameter: 'sensor_id', error: 'must be a metering sensor of the tracker' }]);
    }
    const settings = {
      ...{ id: meterId(view.tracker.id, wanted.type), trackerId: view.tracker.id, type: wanted.type },
      ...{ multiplier: wanted.multiplier, ...(sensorId === undefined ? {} : { sensorId }) },
    };
    await keep(context, (tx) => tx.put('meter', continued(context, counterPlan(context, view, wanted.type), settings)));
    return {};
  },
});

/** A counter that somebody has set does not jump when its settings change. */
function continued(context: CallContext, plan: CounterPlan, settings: MeterRow): MeterRow {
  const shown = plan.meter?.start === undefined ? undefined : counterValue(plan);
  if (shown === undefined) return settings;
  return { ...settings, start: startAt(context, planWith(context, plan.view, plan.type, settings), shown.value) };
}

const setValue = defineCall({
  name: 'tracker/counter/value/set',
  summary: 'Sets a counter; it goes on from there',
  params: Type.Object({ tracker_id: trackerId, type, value }),
  response: {},
  rights: ['tracker_update'],
  errors: [8, 13, 204, 208, 219],
  handler: async (context, wanted) => {
    const view = requireOriginal(context, wanted.tracker_id);
    const { id: owner } = view.tracker;
    const id = meterId(owner, wanted.type);
    await keep(context, (tx) => {
      const plan = counterPlan(context, view, wanted.type);
      const made = { id, trackerId: owner, type: wanted.type, multiplier: 1 };
      tx.put('meter', { ...made, ...plan.meter, start: startAt(context, plan, wanted.value) });
    });
    return {};
  },
});

const getValue = defineCall({
  name: 'tracker/counter/value/get',
  summary: 'What a counter shows; code 204 while nothing is known',
  params,
  response: { value: Type.Number() },
  errors: [204, 208],
  handler: (context, wanted) => {
    const shown = shownBy(context, requireOpenTracker(context, wanted.tracker_id, 204), wanted.type);
    if (shown === undefined) throw new NavixyError(204);
    return { value: shown };
  },
});

/** Most trackers in one list. */
const maxTrackers = 2000;

const listValues = defineCall({
  name: 'tracker/counter/value/list',
  summary: 'What counters of several trackers show; those without a value are left out, code 204 when none has one',
  params: Type.Object({ trackers: Type.Array(Type.Integer(), { maxItems: maxTrackers }), type }),
  response: { value: dictionary(Type.Number(), { description: 'By tracker id' }) },
  errors: [204, 217],
  handler: async (context, wanted) => {
    const views = requireTrackers(context, wanted.trackers);
    const json = await pacedJson(views, (view) => {
      const shown = shownBy(context, view, wanted.type);
      return shown === undefined ? undefined : `"${view.tracker.id}":${shown}`;
    });
    if (json === '' && views.length > 0) throw new NavixyError(204);
    return new PreparedAnswer(`{"success":true,"value":{${json}}}`);
  },
});

/** Longest span of `data/read`. */
const maxDays = 31;

const readData = defineCall({
  name: 'tracker/counter/data/read',
  summary: 'What a counter has shown over time; of more than 20,000 values only some',
  params: Type.Object({
    tracker_id: trackerId,
    type,
    from: dateParam('First moment'),
    to: dateParam(`Last moment, ${maxDays} days later at most`),
  }),
  response: { list: Type.Array(Type.Object({ value: Type.Number(), update_time: dateTime })) },
  errors: [204, 208, 211],
  handler: async (context, wanted) => {
    const view = requireOpenTracker(context, wanted.tracker_id, 204);
    const span = requireSpan(context, wanted);
    limitSpan(context, span, maxDays);
    const { turns } = context.services;
    return turns.take(context.user.accountId, async () => {
      const samples = await counterHistory(context, counterPlan(context, view, wanted.type), span);
      const json = await pacedJson(samples, (sample) => sampleJson(context, sample));
      return new PreparedAnswer(`{"success":true,"list":[${json}]}`);
    });
  },
});

function sampleJson({ dates }: CallContext, { value, at }: Sample): string {
  return `{"value":${value},"update_time":"${dates.format(at)}"}`;
}

function shownBy(context: CallContext, view: TrackerView, wanted: CounterType): number | undefined {
  return counterValue(counterPlan(context, view, wanted))?.value;
}

/** The tracker that a device was registered as. Throws codes 204, 208 and 219. */
function requireOriginal(context: CallContext, id: number): TrackerView {
  const view = requireOpenTracker(context, id, 204);
  if (view.tracker.clone) throw new NavixyError(219);
  return view;
}

/** Throws code 8 when the change could not be kept. */
async function keep(context: CallContext, make: (tx: Transaction) => void): Promise<void> {
  try {
    await context.services.store.change(make);
  } catch (error) {
    throw error instanceof StoreError ? new NavixyError(8) : error;
  }
}

export const counterCalls = [getCounters, read, update, getValue, listValues, setValue, readData] as const;

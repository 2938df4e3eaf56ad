/**
 * Sensors that are set up for trackers: `tracker/sensor/list`, `batch_list`, `create`, `update`, `delete`, `batch_copy`. A clone shows
 * those of the tracker it was made of, and only there can they be changed.
 */
import { Type } from '@sinclair/typebox';
import type { SensorRow } from '../../../store/rows.js';
import {
  copySensors,
  createSensor,
  deleteSensor,
  type SensorRefusal,
  sensorsOf,
  updateSensor,
} from '../../../store/sensors.js';
import { type CallContext, defineCall } from '../call.js';
import { invalidParameters, NavixyError, type Violation } from '../errors.js';
import { dictionary, trackerId } from '../param-types.js';
import {
  namesCustomField,
  type SensorParam,
  sensorBody,
  sensorFaults,
  sensorParam,
  sensorSchema,
  wantedSensor,
} from '../sensors-params.js';
import { requireOpenTracker, requireTracker, requireTrackers, type TrackerView } from '../visibility.js';

const rights = ['tracker_update'] as const;

const list = defineCall({
  name: 'tracker/sensor/list',
  summary: 'Sensors that are set up for a tracker',
  params: Type.Object({ tracker_id: trackerId }),
  response: { list: Type.Array(sensorSchema) },
  errors: [201, 208],
  handler: (context, { tracker_id }) => ({ list: bodiesOf(context, requireOpenTracker(context, tracker_id)) }),
});

const maxTrackers = 500;

const batchList = defineCall({
  name: 'tracker/sensor/batch_list',
  summary: 'Sensors that are set up for several trackers',
  params: Type.Object({ trackers: Type.Array(Type.Integer(), { description: `Tracker ids, ${maxTrackers} at most` }) }),
  response: { result: dictionary(Type.Array(sensorSchema), { description: 'By tracker id' }) },
  errors: [217, 221],
  handler: (context, { trackers }) => {
    if (trackers.length > maxTrackers) throw new NavixyError(221);
    const views = requireTrackers(context, trackers);
    return { result: Object.fromEntries(views.map((view) => [view.tracker.id, bodiesOf(context, view)])) };
  },
});

function bodiesOf(context: CallContext, { tracker }: TrackerView) {
  return sensorsOf(context.services.store.registry, tracker).map(sensorBody);
}

const faultsOf = ({ sensor }: { readonly sensor?: SensorParam }): Violation[] =>
  sensor === undefined ? [] : sensorFaults(sensor).map((error) => ({ parameter: 'sensor', error }));

const create = defineCall({
  name: 'tracker/sensor/create',
  summary: 'Sets up a sensor',
  params: Type.Object({ tracker_id: trackerId, sensor: sensorParam }),
  response: { id: Type.Integer() },
  rights,
  errors: [13, 201, 208, 219, 232, 270],
  examine: faultsOf,
  handler: async (context, { tracker_id, sensor }) => {
    const view = requireOriginal(requireOpenTracker(context, tracker_id));
    requireCustomFields(view, sensor);
    const { tracker } = view;
    const outcome = await context.services.store.change((tx) => createSensor(tx, tracker, wantedSensor(sensor)));
    if (!outcome.ok) throw errorOf(outcome.reason);
    return { id: outcome.sensor.id };
  },
});

const update = defineCall({
  name: 'tracker/sensor/update',
  summary: 'Changes a sensor; what is left out gets its default',
  params: Type.Object({ tracker_id: trackerId, sensor: sensorParam }),
  response: {},
  rights,
  errors: [13, 201, 208, 219, 232, 270],
  examine: (params) => {
    const { sensor } = params;
    const isNamed = sensor === undefined || sensor.id !== undefined;
    return isNamed ? faultsOf(params) : [{ parameter: 'sensor', error: 'id must not be null' }, ...faultsOf(params)];
  },
  handler: async (context, { tracker_id, sensor }) => {
    const view = requireOriginal(requireOpenTracker(context, tracker_id));
    const old = requireSensor(context, view, sensor.id ?? 0);
    requireCustomFields(view, sensor);
    const outcome = await context.services.store.change((tx) => updateSensor(tx, old, wantedSensor(sensor)));
    if (!outcome.ok) throw errorOf(outcome.reason);
    return {};
  },
});

const remove = defineCall({
  name: 'tracker/sensor/delete',
  summary: 'Deletes a sensor',
  params: Type.Object({ tracker_id: trackerId, sensor_id: Type.Integer() }),
  response: {},
  rights,
  errors: [13, 201, 208, 219],
  handler: async (context, { tracker_id, sensor_id }) => {
    const view = requireOriginal(requireOpenTracker(context, tracker_id));
    const sensor = requireSensor(context, view, sensor_id);
    await context.services.store.change((tx) => deleteSensor(tx, sensor));
    return {};
  },
});

const batchCopy = defineCall({
  name: 'tracker/sensor/batch_copy',
  summary: 'Gives trackers of one model the sensors of another tracker, in place of their own',
  params: Type.Object({
    base_tracker_id: trackerId,
    trackers: Type.Array(Type.Integer(), { minItems: 1, maxItems: maxTrackers }),
  }),
  response: {},
  rights,
  errors: [13, 201, 219, 272],
  handler: async (context, { base_tracker_id, trackers }) => {
    const base = requireTracker(context, base_tracker_id);
    const targets = [...new Set(trackers)].filter((id) => id !== base_tracker_id);
    const views = targets.map((id) => requireTracker(context, id));
    for (const view of views) requireOriginal(view);
    if (views.some(({ source }) => source.model !== base.source.model)) throw new NavixyError(272);
    await context.services.store.change((tx) => {
      for (const { tracker } of views) copySensors(tx, base.tracker, tracker);
    });
    return {};
  },
});

/** The sensor of an id, among those that the tracker shows. Throws code 201. */
export function requireSensor(context: CallContext, { tracker }: TrackerView, id: number): SensorRow {
  const sensor = sensorsOf(context.services.store.registry, tracker).find((each) => each.id === id);
  if (sensor === undefined) throw new NavixyError(201);
  return sensor;
}

/** Throws code 219. */
export function requireOriginal(view: TrackerView): TrackerView {
  if (view.tracker.clone) throw new NavixyError(219);
  return view;
}

/** Throws code 7. */
function requireCustomFields({ model }: TrackerView, sensor: SensorParam): void {
  if (!namesCustomField(sensor) || model?.has_custom_fields === true) return;
  throw faulty('custom_field_name must be false for this model');
}

function errorOf(reason: SensorRefusal): NavixyError {
  if (reason === 'ignition_exists') return new NavixyError(270);
  if (reason === 'input_in_use') return new NavixyError(232);
  return faulty(
    reason === 'other_kind' ? 'type must not change' : 'parameters parent_ids must be other metering sensors',
  );
}

const faulty = (error: string) => invalidParameters([{ parameter: 'sensor', error }]);

export const sensorCalls = [list, batchList, create, update, remove, batchCopy] as const;

/**
 * What a sensor has shown, and how it is calibrated: `tracker/sensor/data/read`, `calibration_data/read`, `calibration_data/update`,
 * `input_name/list`.
 */
import { Type } from '@sinclair/typebox';
import { calibrateSensor, sensorsOf } from '../../../store/sensors.js';
import { dateTime } from '../bodies.js';
import { type CallContext, defineCall, noParams } from '../call.js';
import { dateParam, requireSpan } from '../date-params.js';
import { NavixyError } from '../errors.js';
import { inputNames, valueTypes } from '../input-names.js';
import { dictionary, oneOf, trackerId, withDefault } from '../param-types.js';
import { sensorHistory } from '../sensors-history.js';
import { limitSpan } from '../spans.js';
import { requireTracker, type TrackerView } from '../visibility.js';
import { requireOriginal, requireSensor } from './sensors.js';

const sensorId = Type.Integer({ description: 'Sensor id, of `tracker/sensor/list`' });
const longestSpanDays = 30;

const readData = defineCall({
  name: 'tracker/sensor/data/read',
  summary: 'Values of a sensor over time; those of virtual sensors are text',
  params: Type.Object({
    tracker_id: trackerId,
    sensor_id: sensorId,
    from: dateParam('First moment'),
    to: dateParam('Last moment, 30 days later at most'),
    raw_data: withDefault(Type.Boolean({ description: 'What the input read, without calibration and divider' }), false),
  }),
  response: {
    list: Type.Array(
      Type.Object({ value: Type.Unsafe<number | string>({ type: ['number', 'string'] }), get_time: dateTime }),
    ),
  },
  errors: [201, 211, 228],
  handler: async (context, params) => {
    const span = requireSpan(context, params);
    const view = requireTracker(context, params.tracker_id);
    const sensor = requireSensor(context, view, params.sensor_id);
    if (sensor.type === 'discrete') throw new NavixyError(228);
    limitSpan(context, span, longestSpanDays);
    const { history, store, turns } = context.services;
    const sensors = sensorsOf(store.registry, view.tracker);
    const wanted = { view, sensor, sensors, span, isRaw: params.raw_data };
    const values = await turns.take(context.user.accountId, () => sensorHistory(history, wanted));
    return { list: values.map(({ at, value }) => ({ value, get_time: context.dates.format(at) })) };
  },
});

const pointSchema = Type.Object({ in: Type.Number(), out: Type.Number() });
const maxPoints = 1000;

const readCalibration = defineCall({
  name: 'tracker/sensor/calibration_data/read',
  summary: 'Calibration table of a metering sensor',
  params: Type.Object({ tracker_id: trackerId, sensor_id: sensorId }),
  response: { value: Type.Array(pointSchema) },
  errors: [201, 228],
  handler: (context, { tracker_id, sensor_id }) => {
    const { calibration = [] } = requireMetering(context, requireTracker(context, tracker_id), sensor_id);
    return { value: [...calibration] };
  },
});

const updateCalibration = defineCall({
  name: 'tracker/sensor/calibration_data/update',
  summary: 'Replaces the calibration table of a metering sensor; an empty one takes it away',
  params: Type.Object({
    tracker_id: trackerId,
    sensor_id: sensorId,
    data: Type.Array(pointSchema, {
      maxItems: maxPoints,
      description: 'What is shown (`out`) for what is read (`in`)',
    }),
  }),
  response: {},
  rights: ['tracker_update'],
  errors: [13, 201, 219, 228],
  examine: ({ data = [] }) =>
    new Set(data.map((point) => point.in)).size === data.length
      ? []
      : [{ parameter: 'data', error: 'in must only contain unique elements' }],
  handler: async (context, { tracker_id, sensor_id, data }) => {
    const view = requireOriginal(requireTracker(context, tracker_id));
    const sensor = requireMetering(context, view, sensor_id);
    await context.services.store.change((tx) => calibrateSensor(tx, sensor, data));
    return {};
  },
});

/** Throws codes 201 and 228. */
function requireMetering(context: CallContext, view: TrackerView, id: number) {
  const sensor = requireSensor(context, view, id);
  if (sensor.type !== 'metering') throw new NavixyError(228);
  return sensor;
}

const listInputNames = defineCall({
  name: 'tracker/sensor/input_name/list',
  summary: 'Names of inputs that sensors may read; families by the name without a number',
  params: noParams,
  response: {
    list: Type.Array(
      Type.Object({
        input_name: Type.String(),
        description: Type.String({ description: '`[N]` stands for the number of a member' }),
        value_type: Type.Optional(oneOf(valueTypes, { description: 'Of states; all others are quantities' })),
        value_titles: Type.Optional(dictionary(Type.String())),
      }),
    ),
  },
  handler: () => ({ list: [...inputNames] }),
});

export const sensorDataCalls = [readData, readCalibration, updateCalibration, listInputNames] as const;

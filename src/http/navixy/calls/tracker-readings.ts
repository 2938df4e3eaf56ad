/**
 * Last values of sensors and inputs: `tracker/get_diagnostics`, `get_fuel`, `get_readings`, `get_inputs`.
 */
import { Type } from '@sinclair/typebox';
import { dateTime, dateTimeOrNull, sensorValueSchema } from '../bodies.js';
import { type CallContext, defineCall } from '../call.js';
import { inputsBody, inputsSchema } from '../inputs-body.js';
import { dictionary, nullable, trackerId } from '../param-types.js';
import { groupOf, readingsOf, type SensorGroup, sensorValueBody } from '../sensors.js';
import { stateText } from '../state-fields.js';
import { requireOpenTracker, type TrackerView } from '../visibility.js';

const params = Type.Object({ tracker_id: trackerId });
const valuesResponse = {
  user_time: dateTime,
  inputs: Type.Array(sensorValueSchema),
  update_time: dateTimeOrNull,
};

const getFuel = defineCall({
  name: 'tracker/get_fuel',
  summary: 'Last values of fuel sensors',
  params,
  response: valuesResponse,
  errors: [201, 208],
  handler: (context, { tracker_id }) => valuesBody(context, requireOpenTracker(context, tracker_id), 'fuel'),
});

const getReadings = defineCall({
  name: 'tracker/get_readings',
  summary: 'Last values of sensors that are neither of the vehicle’s own systems nor of fuel',
  params,
  response: valuesResponse,
  errors: [201, 208],
  handler: (context, { tracker_id }) => valuesBody(context, requireOpenTracker(context, tracker_id), 'readings'),
});

const getDiagnostics = defineCall({
  name: 'tracker/get_diagnostics',
  summary: 'Last values and states from the vehicle’s own systems (CAN, OBD)',
  params,
  response: {
    ...valuesResponse,
    states: nullable(dictionary(Type.Unsafe<string | number>({ type: ['string', 'number'] }))),
  },
  errors: [201, 208],
  handler: (context, { tracker_id }) => {
    const view = requireOpenTracker(context, tracker_id);
    const { user_time, inputs, newestAt } = collect(context, view, 'diagnostics');
    const states = diagnosticStates(view);
    const update_time = context.dates.orNull(Math.max(newestAt, states.newestAt));
    return { user_time, inputs, states: states.values, update_time };
  },
});

function valuesBody(context: CallContext, view: TrackerView, group: SensorGroup) {
  const { user_time, inputs, newestAt } = collect(context, view, group);
  return { user_time, inputs, update_time: context.dates.orNull(newestAt) };
}

function collect(context: CallContext, view: TrackerView, group: SensorGroup) {
  const readings = readingsOf(context.services.store.registry, view).filter(({ sensor }) => groupOf(sensor) === group);
  return {
    user_time: context.dates.format(context.now),
    inputs: readings.map((reading) => sensorValueBody(reading, context.user.measurementSystem)),
    newestAt: readings.reduce((newest, { at }) => Math.max(newest, at), 0),
  };
}

/** States shown with the diagnostics. Source: Navixy backend API, `tracker/get_diagnostics`, list of state names. */
const diagnosticStateNames = [
  ...['obd_vin', 'obd_mil_status', 'obd_dtc_number', 'obd_dtc_codes', 'obd_dtc_cleared_distance'],
  ...['obd_mil_activated_distance', 'hardware_key', 'external_power_state', 'driver_ident_state'],
  ...['tacho_vin', 'tacho_card1_sn', 'tacho_card2_sn'],
  ...['tacho_vin_last_download', 'tacho_card1_last_download', 'tacho_card2_last_download'],
  ...['can_hood_state', 'can_airbag_state', 'can_trunk_state', 'can_seat_belt_driver_state'],
  ...['can_seat_belt_passenger_state', 'can_door_state', 'can_door_driver_state', 'can_door_passenger_state'],
];
/** States documented as integer or double; all others are text. */
const numberStateNames = new Set(['obd_dtc_number', 'obd_dtc_cleared_distance', 'obd_mil_activated_distance']);

function diagnosticStates(view: TrackerView): { values: Record<string, string | number> | null; newestAt: number } {
  const values: Record<string, string | number> = {};
  let newestAt = 0;
  for (const name of diagnosticStateNames) {
    const field = view.state?.fields.get(name);
    if (field === undefined) continue;
    const isNumber = typeof field.value === 'number' && numberStateNames.has(name);
    const value = isNumber ? (field.value as number) : (stateText(name, field.value) ?? String(field.value));
    values[name] = value;
    newestAt = Math.max(newestAt, field.at);
  }
  return { values: newestAt === 0 ? null : values, newestAt };
}

const getInputs = defineCall({
  name: 'tracker/get_inputs',
  summary: 'Digital inputs, and what they mean',
  params,
  response: { user_time: dateTime, ...inputsSchema },
  errors: [201, 208],
  handler: (context, { tracker_id }) => {
    const view = requireOpenTracker(context, tracker_id);
    return { user_time: context.dates.format(context.now), ...inputsBody(context, view) };
  },
});

export const trackerReadingCalls = [getDiagnostics, getFuel, getInputs, getReadings] as const;

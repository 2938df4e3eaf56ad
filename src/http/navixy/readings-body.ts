/**
 * Everything that was last read of a tracker, each thing with its own time: `tracker/readings/list`, its batch call, and whoever tells of
 * changes.
 */
import { type Static, Type } from '@sinclair/typebox';
import type { SensorRow } from '../../store/rows.js';
import { parentIdsOf, sensorsOf } from '../../store/sensors.js';
import { dateTime, sensorValueSchema } from './bodies.js';
import type { CallContext } from './call.js';
import { counterValues } from './counters.js';
import { nullable } from './param-types.js';
import { readingsOf, sensorValueBody } from './sensors.js';
import { virtualReadingsOf } from './sensors-states.js';
import { planOf, stateText } from './state-fields.js';
import type { TrackerView } from './visibility.js';

export const readingsSchema = {
  inputs: Type.Array(
    Type.Composite([
      Type.Object({ sensor_id: nullable(Type.Integer({ description: 'Null for a sensor that nobody has set up' })) }),
      sensorValueSchema,
      Type.Object({
        update_time: dateTime,
        composite_sensor_ids: Type.Optional(Type.Array(Type.Integer(), { description: 'Sensors it is a part of' })),
      }),
    ]),
  ),
  virtual_sensors: Type.Array(
    Type.Object({
      sensor_id: Type.Integer(),
      value: Type.String(),
      label: Type.String(),
      type: Type.String(),
      update_time: dateTime,
    }),
  ),
  states: Type.Optional(Type.Array(Type.Object({ field: Type.String(), value: Type.String(), update_time: dateTime }))),
  counters: Type.Optional(
    Type.Array(Type.Object({ type: Type.String(), value: Type.Number(), update_time: dateTime })),
  ),
};
export const readingsObject = Type.Object(readingsSchema);
export type ReadingsBody = Static<typeof readingsObject>;

/** Which readings are wanted. */
export interface ReadingsFilter {
  /** Only sensors of this type, and neither states nor counters. */
  readonly sensorType?: string | undefined;
  /** False leaves out what is part of a composite sensor. */
  readonly withComponents: boolean;
}

export function readingsBody(context: CallContext, view: TrackerView, filter: ReadingsFilter): ReadingsBody {
  const { sensorType } = filter;
  const sensors = {
    inputs: inputsOf(context, view, filter),
    virtual_sensors: virtualSensorsOf(context, view, sensorType),
  };
  if (sensorType !== undefined) return sensors;
  return { ...sensors, states: statesOf(context, view), counters: countersOf(context, view) };
}

function inputsOf(context: CallContext, view: TrackerView, filter: ReadingsFilter): ReadingsBody['inputs'] {
  const { registry } = context.services.store;
  const wholes = wholesOf(sensorsOf(registry, view.tracker));
  const readings = readingsOf(registry, view).filter(({ sensor }) => {
    if (filter.sensorType !== undefined && sensor.type !== filter.sensorType) return false;
    return filter.withComponents || sensor.id === null || !wholes.has(sensor.id);
  });
  return readings.map((reading) => {
    const { id } = reading.sensor;
    const composites = id === null ? undefined : wholes.get(id);
    return {
      sensor_id: id,
      ...sensorValueBody(reading, context.user.measurementSystem),
      update_time: context.dates.format(reading.at),
      ...(composites === undefined ? {} : { composite_sensor_ids: composites }),
    };
  });
}

/** For each sensor that is a part, the sensors that it is a part of. */
function wholesOf(sensors: readonly SensorRow[]): ReadonlyMap<number, number[]> {
  const wholes = new Map<number, number[]>();
  for (const sensor of sensors) {
    for (const parentId of parentIdsOf(sensor)) wholes.set(parentId, [...(wholes.get(parentId) ?? []), sensor.id]);
  }
  return wholes;
}

function virtualSensorsOf(context: CallContext, view: TrackerView, type: string | undefined) {
  return virtualReadingsOf(context.services.store.registry, view)
    .filter(({ row }) => type === undefined || row.sensorType === type)
    .map(({ row, text, at }) => ({
      sensor_id: row.id,
      value: text,
      label: row.name,
      type: row.sensorType,
      update_time: context.dates.format(at),
    }));
}

/** The same as under `additional` in `tracker/get_state`. */
function statesOf({ dates }: CallContext, { state }: TrackerView): NonNullable<ReadingsBody['states']> {
  const states: NonNullable<ReadingsBody['states']> = [];
  if (state === undefined) return states;
  for (const { name, slot } of planOf(state.fields).states) {
    const value = stateText(name, state.fields.valueAt(slot));
    if (value !== undefined) states.push({ field: name, value, update_time: dates.format(state.fields.timeAt(slot)) });
  }
  return states;
}

function countersOf(context: CallContext, view: TrackerView): NonNullable<ReadingsBody['counters']> {
  return counterValues(context, view).map(({ type, value, at }) => ({
    ...{ type, value },
    update_time: context.dates.format(at),
  }));
}

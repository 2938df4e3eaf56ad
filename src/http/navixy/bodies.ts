/**
 * Schemas of the objects that answers are made of. They type the code that builds the objects, compile into serialisers and stand in the
 * OpenAPI document.
 */
import { type Static, Type } from '@sinclair/typebox';
import { dictionary, nullable } from './param-types.js';
import { connectionStatuses } from './status.js';

/** A date with time, in the user's zone. */
export const dateTime = Type.String({
  description: '`yyyy-MM-dd HH:mm:ss` in the user’s zone, or ISO 8601 when asked for',
});
/** The same, or null for never. */
export const dateTimeOrNull = nullable(dateTime);
const date = Type.String({ description: '`yyyy-MM-dd`' });

const text = <T extends string>(values: readonly T[]) => Type.Unsafe<T>({ type: 'string', enum: [...values] });

const duration = Type.String({ description: 'ISO 8601: `PT4M31.575S`' });

/** What errors of some codes hold besides their status. */
export const errorExtras = {
  7: {
    errors: Type.Array(Type.Object({ parameter: Type.String(), error: Type.String() }), {
      description: 'Every fault of every parameter',
    }),
  },
  203: {
    rules: Type.Array(Type.Integer(), { description: 'Rules that tie the tracker down' }),
    vehicles: Type.Array(Type.Integer(), { description: 'Vehicles that tie it down' }),
  },
  264: { timeout: duration, remainder: duration },
} as const;

export const errorSchema = Type.Object({
  success: Type.Literal(false),
  status: Type.Object({ code: Type.Integer(), description: Type.String() }),
  errors: Type.Optional(errorExtras[7].errors),
});

export const trackerSchema = Type.Object({
  id: Type.Integer(),
  label: Type.String(),
  clone: Type.Boolean(),
  group_id: Type.Integer({ description: '0 for none' }),
  avatar_file_name: Type.Optional(Type.String()),
  source: Type.Object({
    id: Type.Integer(),
    device_id: Type.String(),
    model: Type.String(),
    blocked: Type.Boolean(),
    tariff_id: Type.Integer(),
    status_listing_id: nullable(Type.Integer()),
    creation_date: date,
    tariff_end_date: nullable(date),
    phone: nullable(Type.String({ description: 'International, digits only' })),
  }),
  tag_bindings: Type.Array(Type.Object({ tag_id: Type.Integer(), ordinal: Type.Integer() })),
});
export type TrackerBody = Static<typeof trackerSchema>;

const percentOrNull = nullable(Type.Integer({ description: 'Percent' }));

export const stateSchema = Type.Object({
  source_id: Type.Integer(),
  gps: Type.Object({
    updated: dateTimeOrNull,
    signal_level: percentOrNull,
    location: Type.Object({ lat: Type.Number(), lng: Type.Number() }),
    heading: Type.Integer({ description: 'Degrees' }),
    speed: Type.Integer({ description: 'km/h' }),
    alt: Type.Integer({ description: 'Metres' }),
    precision: Type.Optional(Type.Integer({ description: 'Metres' })),
    gsm_lbs: Type.Optional(Type.Boolean({ description: 'The position comes from cells' })),
  }),
  connection_status: text(connectionStatuses),
  movement_status: text(['moving', 'stopped', 'parked'] as const),
  movement_status_update: dateTimeOrNull,
  ignition: Type.Optional(Type.Boolean()),
  ignition_update: Type.Optional(dateTime),
  gsm: nullable(
    Type.Object({
      updated: dateTimeOrNull,
      signal_level: percentOrNull,
      network_name: nullable(Type.String()),
      roaming: nullable(Type.Boolean()),
    }),
  ),
  last_update: dateTimeOrNull,
  battery_level: percentOrNull,
  battery_update: dateTimeOrNull,
  inputs: Type.Array(Type.Boolean()),
  inputs_update: dateTimeOrNull,
  outputs: Type.Array(Type.Boolean()),
  outputs_update: dateTimeOrNull,
  additional: dictionary(Type.Object({ value: Type.String(), updated: dateTime })),
  actual_track_update: dateTimeOrNull,
});
export type StateBody = Static<typeof stateSchema>;

export const sensorValueSchema = Type.Object({
  label: Type.String(),
  name: Type.String({ description: 'Raw input' }),
  type: Type.String({ description: 'What is measured' }),
  value: Type.Number(),
  units_type: Type.String(),
  units: Type.String(),
  converted_units_type: nullable(Type.String()),
  converted_value: nullable(Type.Number()),
  min_value: Type.Optional(Type.Number()),
  max_value: Type.Optional(Type.Number()),
});
export type SensorValueBody = Static<typeof sensorValueSchema>;

export const gpsPointSchema = Type.Object({
  get_time: dateTime,
  heading: Type.Integer(),
  lat: Type.Number(),
  lng: Type.Number(),
  satellites: Type.Integer(),
  speed: Type.Integer(),
  precision: Type.Optional(Type.Integer()),
});

export const apiKeySchema = Type.Object({ hash: Type.String(), create_date: dateTime, title: Type.String() });

/**
 * Telemetry as requests carry it, and what a schema cannot say of it.
 * Source: HERE Tracking, Ingestion API 2.6, `Telemetry`.
 */
import { type Static, Type } from '@sinclair/typebox';
import type { Telemetry } from '../../domain/telemetry.js';
import { badRequest } from './errors.js';

const optional = Type.Optional;
const text = Type.Optional(Type.String());
const number = (minimum: number, maximum?: number) =>
  Type.Optional(Type.Number({ minimum, ...(maximum === undefined ? {} : { maximum }) }));
const integer = (minimum: number, maximum: number) => Type.Optional(Type.Integer({ minimum, maximum }));
const instant = Type.Integer({ minimum: 2, maximum: 4_102_448_400_000, description: 'ms since 1970 UTC' });
const flag = Type.Optional(Type.Boolean());
const seen = (maxItems: number) => Type.Optional(Type.Array(Type.Record(Type.String(), Type.Unknown()), { maxItems }));

const positionSchema = Type.Object({
  lat: Type.Number({ minimum: -90, maximum: 90 }),
  lng: Type.Number({ minimum: -180, maximum: 180 }),
  accuracy: Type.Number({ minimum: 0, description: 'm' }),
  alt: optional(Type.Number({ description: 'm' })),
  altaccuracy: number(0),
  confidence: number(50, 95),
  heading: optional(Type.Integer({ minimum: 0, maximum: 359, description: 'Together with speed' })),
  speed: optional(Type.Integer({ minimum: 0, description: 'm/s, together with heading' })),
  satellitecount: integer(1, 50),
  wlancount: integer(1, 254),
  timestamp: optional(instant),
  type: optional(Type.Union([Type.Literal('gnss'), Type.Literal('cell'), Type.Literal('wlan')])),
  floor: optional(Type.Object({ id: Type.String(), name: Type.String(), level: Type.Number() })),
});

const systemSchema = Type.Object({
  client: optional(
    Type.Object({ manufacturer: text, model: text, firmware: text, name: text, version: text, platform: text }),
  ),
  iccid: optional(Type.String({ minLength: 18, maxLength: 22 })),
  imsi: optional(Type.String({ pattern: '^[0-9]{1,15}$' })),
  phoneNumber: optional(Type.String({ pattern: '^\\+[1-9]\\d{1,14}$' })),
  mode: optional(Type.Union(['unknown', 'normal', 'flight', 'transport', 'sleep'].map((value) => Type.Literal(value)))),
  reportedSensorData: optional(
    Type.Object({
      batteryLevel: integer(0, 100),
      batteryIsCharging: flag,
      temperatureC: number(-70, 100),
      relativeHumidity: number(0, 100),
      pressureHpa: number(300, 1500),
      accelerationG: number(-100, 100),
      deviceIsAttached: flag,
      deviceIsStationary: flag,
      deviceIsTampered: flag,
      tiltDegree: optional(Type.Number()),
    }),
  ),
  stateVersion: optional(Type.Integer({ minimum: 0 })),
});

const telemetryProperties = {
  timestamp: instant,
  position: optional(positionSchema),
  payload: optional(Type.Record(Type.String(), Type.Unknown(), { description: 'At most 1,000 bytes' })),
  scan: optional(Type.Object({ gsm: seen(16), wcdma: seen(16), tdscdma: seen(16), lte: seen(16), wlan: seen(128) })),
  system: optional(systemSchema),
};

export const telemetrySchema = Type.Object(telemetryProperties);
/** Names the device it is of. */
export const namedTelemetrySchema = Type.Object({
  id: Type.String({ minLength: 1, maxLength: 50, description: 'Tracking id, or with `appId` an external id' }),
  ...telemetryProperties,
});

const payloadMaxBytes = 1000;

/** Telemetry that is as the schema says, looked at for the rest. Throws 400. */
export function checkedTelemetry(
  list: readonly Static<typeof telemetrySchema>[],
  latestMs: number,
): readonly Telemetry[] {
  list.forEach(({ timestamp, position, payload }, i) => {
    if (timestamp > latestMs) throw badRequest(`body ${i}.timestamp: too far in the future.`);
    if ((position?.heading === undefined) !== (position?.speed === undefined)) {
      throw badRequest(`body ${i}.position: heading and speed belong together.`);
    }
    if (payload !== undefined && Buffer.byteLength(JSON.stringify(payload)) > payloadMaxBytes) {
      throw badRequest(`body ${i}.payload: at most ${payloadMaxBytes} bytes.`);
    }
  });
  return list as readonly Telemetry[];
}

/**
 * Telemetry as it travels over HTTP: one record as a JSON object, and the way there and back between it and the names of `fields.ts`.
 * The table below is read in both directions.
 * Source: HERE Tracking, Ingestion API 2.6, `Telemetry`.
 */
import { type FieldEntry, type FieldValue, type Position, type StateUpdate, UpdateBuilder } from './update.js';

/** Raised whenever the same telemetry may become another record than before. */
export const telemetryVersion = 2;

export interface TelemetryPosition {
  /** Degrees WGS 84. */
  readonly lat: number;
  readonly lng: number;
  /** Metres. */
  readonly accuracy: number;
  readonly alt?: number;
  readonly altaccuracy?: number;
  readonly confidence?: number;
  readonly heading?: number;
  /** Metres a second. */
  readonly speed?: number;
  readonly satellitecount?: number;
  readonly wlancount?: number;
  readonly timestamp?: number;
  readonly type?: string;
  readonly floor?: { readonly id: string; readonly name: string; readonly level: number };
}

type Plain = Readonly<Record<string, unknown>>;

export interface Telemetry {
  /** ms since 1970 UTC. */
  readonly timestamp: number;
  readonly position?: TelemetryPosition;
  readonly payload?: Plain;
  readonly scan?: Plain;
  readonly system?: Plain;
}

/** Where a value stands under `system`, and its name here. */
const systemFields: readonly (readonly [path: readonly string[], field: string])[] = [
  [['client', 'manufacturer'], 'client_manufacturer'],
  [['client', 'model'], 'client_model'],
  [['client', 'firmware'], 'client_firmware'],
  [['client', 'name'], 'client_name'],
  [['client', 'version'], 'client_version'],
  [['client', 'platform'], 'client_platform'],
  [['iccid'], 'iccid'],
  [['imsi'], 'imsi'],
  [['phoneNumber'], 'phone'],
  [['mode'], 'device_mode'],
  [['stateVersion'], 'state_version'],
  [['reportedSensorData', 'batteryLevel'], 'battery_level'],
  [['reportedSensorData', 'batteryIsCharging'], 'charging_status'],
  [['reportedSensorData', 'temperatureC'], 'temp_sensor'],
  [['reportedSensorData', 'relativeHumidity'], 'humidity'],
  [['reportedSensorData', 'pressureHpa'], 'air_pressure'],
  [['reportedSensorData', 'accelerationG'], 'acceleration'],
  [['reportedSensorData', 'deviceIsAttached'], 'attached'],
  [['reportedSensorData', 'deviceIsTampered'], 'tampered'],
  [['reportedSensorData', 'tiltDegree'], 'tilt'],
];
/** The other way round here: a unit that stands does not move. */
const stationary = ['reportedSensorData', 'deviceIsStationary'];

const metresPerSecond = 3.6;
const cellKinds = ['gsm', 'wcdma', 'tdscdma', 'lte'] as const;

/** The record behind telemetry that was found good; without a position that was taken before `notBefore`, ms since 1970 UTC. */
export function updateFrom(telemetry: Telemetry, notBefore = 0): StateUpdate {
  const { timestamp, payload, scan = {}, system = {} } = telemetry;
  const isOwn = (telemetry.position?.timestamp ?? timestamp) >= notBefore;
  const position = isOwn ? telemetry.position : undefined;
  const builder = new UpdateBuilder();
  if (position !== undefined) addAccuracy(builder, position);
  for (const [path, field] of systemFields) builder.set(field, plainValue(valueAt(system, path)));
  const isStationary = valueAt(system, stationary);
  if (typeof isStationary === 'boolean') builder.set('moving', !isStationary);
  const cells = cellKinds.flatMap((kind) => seen(scan[kind], ['mcc', 'mnc', 'lac', 'cid']));
  if (cells.length > 0) builder.set('gsm_cells', cells);
  const accessPoints = seen(scan.wlan, ['mac']);
  if (accessPoints.length > 0) builder.set('wifi_access_points', accessPoints);
  if (payload !== undefined) builder.set('payload', JSON.stringify(payload));
  return builder.build(timestamp, { position: position === undefined ? null : positionOf(position) });
}

function addAccuracy(builder: UpdateBuilder, position: TelemetryPosition): void {
  builder
    .set('precision', position.accuracy)
    .set('altitude_precision', position.altaccuracy)
    .set('position_confidence', position.confidence)
    .set('position_access_points', position.wlancount)
    .set('floor_id', position.floor?.id)
    .set('floor_name', position.floor?.name)
    .set('floor_level', position.floor?.level);
  if (position.type === 'cell' || position.type === 'wlan') builder.set('gps_lbs', true);
}

function positionOf({ lat, lng, alt, heading, speed, satellitecount }: TelemetryPosition): Position {
  return {
    ...{ lat, lng, valid: true, altitudeM: alt, headingDeg: heading, satellites: satellitecount },
    speedKmh: speed === undefined ? undefined : Math.round(speed * metresPerSecond * 10) / 10,
  };
}

/** Telemetry of a kept payload: a list of it, or an object with the list under `data`. Undefined for anything else. `notBefore` as above. */
export function updatesFromJson(bytes: Buffer, notBefore?: number): readonly StateUpdate[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString());
  } catch {
    return undefined;
  }
  const list = Array.isArray(value) ? value : (value as { data?: unknown } | null)?.data;
  if (!Array.isArray(list)) return undefined;
  return (list as readonly Telemetry[]).map((telemetry) => updateFrom(telemetry, notBefore));
}

/** What is known of a unit at one time, from a state or from a record. */
export interface Reported {
  readonly at: number;
  /** Time of the position, where that is another. */
  readonly positionAt?: number;
  readonly position: Omit<Position, 'valid'> | null;
  /** Metres, where the unit gives none itself. */
  readonly accuracyM: number;
  readonly value: (field: string) => FieldValue | undefined;
}

/** The telemetry that says it. Without anything to say there is only the time. */
export function telemetryFrom(reported: Reported): Telemetry {
  const { at, value } = reported;
  const position = telemetryPosition(reported);
  const system: Record<string, unknown> = {};
  for (const [path, field] of systemFields) put(system, path, value(field));
  const moving = value('moving');
  if (typeof moving === 'boolean') put(system, stationary, !moving);
  const payload = value('payload');
  return {
    timestamp: at,
    ...(position === undefined ? {} : { position }),
    ...(typeof payload === 'string' ? { payload: parsedPayload(payload) } : {}),
    ...(Object.keys(system).length === 0 ? {} : { system }),
  };
}

function telemetryPosition({ at, positionAt, position, accuracyM, value }: Reported): TelemetryPosition | undefined {
  if (position === null || position.lat === null || position.lng === null) return undefined;
  const precision = value('precision');
  const { lat, lng, altitudeM, headingDeg, speedKmh, satellites } = position;
  const isMoving = headingDeg !== undefined && speedKmh !== undefined;
  const rest: Record<string, unknown> = {
    alt: altitudeM,
    ...(isMoving ? { heading: Math.round(headingDeg) % 360, speed: Math.round(speedKmh / metresPerSecond) } : {}),
    satellitecount: satellites !== undefined && satellites > 0 ? satellites : undefined,
    altaccuracy: value('altitude_precision'),
    confidence: value('position_confidence'),
    timestamp: positionAt !== undefined && positionAt !== at ? positionAt : undefined,
    type: value('gps_lbs') === true ? 'cell' : 'gnss',
  };
  const known = Object.fromEntries(Object.entries(rest).filter(([, each]) => each !== undefined));
  return { lat, lng, accuracy: typeof precision === 'number' ? precision : accuracyM, ...known };
}

/** A text of another protocol need not be JSON. */
function parsedPayload(text: string): Plain {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Plain;
  } catch {
    // It is a plain text.
  }
  return { text };
}

function valueAt(from: unknown, path: readonly string[]): unknown {
  let value = from;
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

function put(into: Record<string, unknown>, path: readonly string[], value: unknown): void {
  if (value === undefined) return;
  const [first = '', second] = path;
  if (second === undefined) into[first] = value;
  else into[first] = { ...(into[first] as object | undefined), [second]: value };
}

function plainValue(value: unknown): number | string | boolean | undefined {
  return typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean' ? value : undefined;
}

/** Entries of a scan with those of their plain values that have these names. */
function seen(list: unknown, names: readonly string[]): FieldEntry[] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((item: unknown) => {
    const entries = names.flatMap((name) => {
      const value = plainValue(valueAt(item, [name]));
      return value === undefined ? [] : [[name, value] as const];
    });
    return entries.length === 0 ? [] : [Object.fromEntries(entries)];
  });
}

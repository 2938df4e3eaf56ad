/**
 * Codec 7 records to records in domain units.
 */
import { type FieldValue, type Position, type StateUpdate, UpdateBuilder } from '../../domain/update.js';
import type { DecodeContext } from '../protocol.js';
import type { GhMessage, GhPosition, GhRecord } from './messages.js';
import { rawName } from './spec.js';
import { networkCode, plausibleAltitude, shortestFloat } from './values.js';

/** Seconds of codec 7 count from here. */
const epochMs = Date.UTC(2007, 0, 1);
const unknownCell = 0xffff;

interface GhRow {
  readonly name: string;
  readonly div?: number;
  readonly flag?: boolean;
  /** 0 means "no data". */
  readonly noZero?: boolean;
}

/** Element ids of the GH family. Source: as the records'. */
const rows: ReadonlyMap<number, GhRow> = new Map<number, GhRow>([
  [1, { name: 'battery_level' }],
  [5, { name: 'run_time' }],
  [20, { name: 'hdop', div: 10, noZero: true }],
  [21, { name: 'vdop', div: 10, noZero: true }],
  [22, { name: 'pdop', div: 10, noZero: true }],
  [67, { name: 'battery_voltage', div: 1000 }],
  [222, { name: 'sos', flag: true }],
  [240, { name: 'moving', flag: true }],
  [244, { name: 'gsm_roaming', flag: true }],
]);

export function ghUpdates(message: GhMessage, context: DecodeContext): StateUpdate[] {
  return message.records.map((record) => toUpdate(record, context));
}

function toUpdate(record: GhRecord, context: DecodeContext): StateUpdate {
  const builder = new UpdateBuilder().set('event_priority', record.priority);
  for (let at = 0; at < record.io.length; at += 2) {
    const id = record.io[at] as number;
    const row = rows.get(id);
    builder.set(row?.name ?? rawName(id), ghValue(row, record.io[at + 1] as number));
  }
  if (builder.values[builder.names.indexOf('sos')] === true) builder.set('alarm', 'sos');
  if (record.position !== undefined) setNetwork(builder, record.position);
  const timed = record.seconds !== 0;
  const at = timed ? epochMs + record.seconds * 1000 : context.receivedAt;
  return builder.build(at, { timed, position: record.position === undefined ? null : positionOf(record.position) });
}

function ghValue(row: GhRow | undefined, raw: number): FieldValue | undefined {
  if (row === undefined) return raw;
  if (row.flag === true) return raw !== 0;
  return raw === 0 && row.noZero === true ? undefined : raw / (row.div ?? 1);
}

function setNetwork(builder: UpdateBuilder, { lac, cellId, signal, operator }: GhPosition): void {
  if (lac !== undefined && lac !== 0 && lac !== unknownCell) builder.set('gsm_lac', lac);
  if (cellId !== undefined && cellId !== 0 && cellId !== unknownCell) builder.set('gsm_cell_id', cellId);
  if (signal !== undefined) builder.set('gsm_signal_level', signalPercent(signal));
  if (operator !== undefined) builder.set('gsm_network_code', networkCode(operator));
}

/** Bars up to 5, CSQ above. */
function signalPercent(signal: number): number | undefined {
  if (signal <= 5) return signal * 20;
  return signal <= 31 ? Math.round((signal * 100) / 31) : undefined;
}

function positionOf(part: GhPosition): Position {
  const { lat, lng, satellites, altitudeM, angleRaw, speedKmh } = part;
  const usable = isDegrees(lat, 90) && isDegrees(lng, 180) && (lat !== 0 || lng !== 0);
  return {
    lat: usable ? shortestFloat(lat) : null,
    lng: usable ? shortestFloat(lng) : null,
    valid: usable && satellites !== 0,
    speedKmh,
    headingDeg: angleRaw === undefined ? undefined : (angleRaw * 360) / 256,
    altitudeM: altitudeM === undefined ? undefined : plausibleAltitude(altitudeM),
    satellites,
  };
}

function isDegrees(value: number | undefined, limit: number): value is number {
  return value !== undefined && Math.abs(value) <= limit;
}

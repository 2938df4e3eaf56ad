/**
 * What content says, told to a record: the parts that mean more than one name, or that have values which mean nothing.
 */
import type { FieldEntry } from '../../domain/update.js';
import { absent } from './blocks.js';
import { type Draft, dbmOf, plainHex } from './draft.js';
import type { AccessPoint, BleTag, Content, FixedPart, Gps, Zone } from './message.js';
import { az735Alarms, modularEvents } from './spec.js';
import { positionInReply } from './texts.js';

/** An IMEI in eight bytes: the first of sixteen digits is filling. Other widths are taken as they are. */
export function imeiOf(hex: string): string {
  return hex.length === 16 ? hex.slice(1) : hex;
}

/** Minutes east of UTC; undefined when it is no zone. */
export function zoneMinutes(zone: Zone): number | undefined {
  const minutes = Math.floor(zone.hhmm / 100) * 60 + (zone.hhmm % 100);
  if (minutes > 14 * 60 || zone.hhmm % 100 > 59) return undefined;
  return zone.isWest && minutes !== 0 ? -minutes : minutes;
}

export const isoOf = (ms: number): string => new Date(ms).toISOString();

export function putClock(value: number | string, draft: Draft): void {
  if (typeof value === 'number') {
    draft.at = value - draft.zoneMs;
    draft.isTimed = true;
  } else if (!/^0*$/.test(value)) {
    draft.set('time_raw', value);
  }
}

export function putGps(value: Gps, draft: Draft): void {
  draft.gps(value);
}

/** 0-6 are levels, 7-100 percent; larger values are kept raw. */
export function putVoltageLevel(value: number, draft: Draft): void {
  if (value <= 100) draft.set('battery_level', value <= 6 ? Math.round((value * 100) / 6) : value);
  else putOddLevel(value, draft);
}

/** 0-4 are bars, up to 31 the CSQ of the modem, up to 100 percent; larger values are kept raw. */
export function putGsmLevel(value: number, draft: Draft): void {
  if (value <= 4) draft.set('gsm_signal_level', value * 25);
  else if (value <= 31) putCsq(value, draft);
  else if (value <= 100) draft.set('gsm_signal_level', value);
  else putOddLevel(value, draft);
}

function putOddLevel(value: number, draft: Draft): void {
  if (value !== absent.level) draft.raw += plainHex(value, 2);
}

export function putCsq(csq: number, draft: Draft): void {
  draft.set('gsm_signal_level', Math.round((csq * 100) / 31));
}

export function putBits(word: number, from: number, to: number, draft: Draft): void {
  for (let bit = from; bit <= to; bit++) draft.set(`input_${bit + 1}`, ((word >>> bit) & 1) === 1);
}

export function putAccessPoints(points: readonly AccessPoint[], draft: Draft): void {
  if (points.length === 0) return;
  draft.set('wifi_access_points', points.map(accessPointEntry));
}

function accessPointEntry({ mac, rssi, kind }: AccessPoint): FieldEntry {
  const entry: Record<string, string | number> = { mac };
  if (rssi !== undefined && rssi !== 0) entry.signal = dbmOf(rssi);
  if (kind !== undefined) entry.kind = kind;
  return entry;
}

export function putBleTags(tags: readonly BleTag[], draft: Draft): void {
  if (tags.length === 0) return;
  const entries = tags.map(({ mac, voltageV, batteryPercent, temperatureC, humidityPercent, flags }) => ({
    mac,
    voltage: voltageV,
    battery: batteryPercent,
    temperature: temperatureC,
    humidity: humidityPercent,
    flags,
  }));
  draft.set('ble_beacons', entries);
  tags.slice(0, 16).forEach((each, i) => {
    draft.set(`ble_temp_sensor_${i + 1}`, each.temperatureC);
    draft.set(`ble_humidity_${i + 1}`, each.humidityPercent);
    draft.set(`ble_battery_voltage_${i + 1}`, each.voltageV);
    draft.set(`ble_battery_level_${i + 1}`, each.batteryPercent);
  });
}

/** A list of bytes in groups of `width`; undefined when they do not divide. */
function groups(hex: string, width: number): Buffer[] | undefined {
  const bytes = Buffer.from(hex, 'hex');
  if (bytes.length % width !== 0) return undefined;
  return Array.from({ length: bytes.length / width }, (_, i) => bytes.subarray(i * width, (i + 1) * width));
}

export function putNeighbourBytes(hex: string, draft: Draft): void {
  const list = groups(hex, 6);
  if (list === undefined) draft.raw += hex;
  else draft.neighbours(list.map((b) => ({ lac: b.readUInt16BE(0), cid: b.readUIntBE(2, 3), rssi: b.readUInt8(5) })));
}

/** More than a byte's worth is no number of satellites. */
export function putSatellitesVisible(count: number, draft: Draft): void {
  if (count <= 0xff) draft.set('satellites_visible', count);
  else draft.raw += plainHex(count, 4);
}

export function putAccessPointBytes(hex: string, draft: Draft): void {
  const list = groups(hex, 7);
  if (list === undefined) draft.raw += hex;
  else
    putAccessPoints(
      list.map((b) => ({ mac: b.toString('hex', 0, 6).replace(/(..)(?!$)/g, '$1:'), rssi: b.readUInt8(6) })),
      draft,
    );
}

export function putReply(reply: string, draft: Draft): void {
  draft.setText('command_result', reply);
  const found = positionInReply(reply);
  if (found === undefined) return;
  draft.position = found.position;
  if (found.at !== undefined) putClock(found.at, draft);
}

export function putDeviceStatus(status: number, draft: Draft): void {
  draft.set('status_bits', status);
  if (!draft.model.includes('az735 alarm')) return;
  if (status === 0xa0 || status === 0xa1) draft.set('armed', status === 0xa0);
  else draft.event(status, 2, az735Alarms.get(status));
}

export function putSizedGps({ value, extra = '' }: FixedPart<Gps>, draft: Draft): void {
  if (value !== undefined) draft.gps(value);
  draft.raw += extra;
}

export function putLengthCell({ cell, extra = '' }: NonNullable<Content['lengthCell']>, draft: Draft): void {
  draft.cell(cell);
  draft.raw += extra;
}

export function putSizedCell({ value, extra = '' }: NonNullable<Content['sizedCell']>, draft: Draft): void {
  if (value !== undefined) draft.cell(value.cell);
  if (value?.gsmLevel !== undefined) putGsmLevel(value.gsmLevel, draft);
  draft.raw += extra;
}

/** A message may tell of several events: the last one is told by name, as the newest, and those before it are kept raw. */
export function putModularEvent(event: NonNullable<Content['modularEvent']>, draft: Draft): void {
  const { code, atS, detail } = event;
  if (draft.modularEvent !== undefined) draft.raw += eventHex(draft.modularEvent);
  draft.modularEvent = event;
  draft.event(code, 2, modularEvents.get(code));
  draft.set('event_time', isoOf(atS * 1000));
  if (detail !== '') draft.set('event_data', detail);
}

function eventHex({ code, atS, detail }: NonNullable<Content['modularEvent']>): string {
  return plainHex(code, 2) + plainHex(atS, 8) + plainHex(detail.length / 2, 2) + detail;
}

const familySize = 8;

/** Printable data as text, other data as hex. */
export function putSerialData({ port, bytes }: NonNullable<Content['serialPort']>, draft: Draft): void {
  const text = Buffer.from(bytes, 'hex').toString('latin1');
  const member = port >= 1 && port <= familySize ? port : 1;
  draft.set(`rs232_${member}`, /^[\t\r\n\x20-\x7e]*$/.test(text) ? text : bytes);
}

/**
 * Content out of records: the parts of it that are made of more than one value. Values beyond what a field can hold are capped, since a
 * unit would do the same.
 */
import { absent } from './blocks.js';
import type { RecordView } from './draft.js';
import type { AccessPoint, Cell, Gps, Neighbour, StatusBits } from './message.js';
import { alarmClasses, alarms } from './spec.js';

const mostSatellites = 15;
const topSpeedKmh = 255;
const infoLength = 12;

/** The GPS block; zeros without a fix for a record without a position. */
export function takeGps(record: RecordView): Gps {
  const { position } = record.update;
  const lat = position?.lat ?? 0;
  const lng = position?.lng ?? 0;
  return {
    head: { satellites: Math.min(mostSatellites, Math.round(position?.satellites ?? 0)), infoLength },
    latDeg: Math.abs(lat),
    lngDeg: Math.abs(lng),
    speedKmh: Math.min(topSpeedKmh, Math.max(0, Math.round(position?.speedKmh ?? 0))),
    satellites: Math.min(255, Math.round(position?.satellites ?? 0)),
    altitudeM: Math.round(position?.altitudeM ?? 0),
    course: {
      headingDeg: Math.round(position?.headingDeg ?? 0) % 360,
      isNorth: lat >= 0,
      isWest: lng < 0,
      isFixed: position?.valid ?? false,
      isDifferential: record.text('gnss_status') === 'differential',
      hasAcc: false,
      isAccOn: false,
    },
  };
}

/** The serving cell; zeros where nothing is known. */
export function takeCell(record: RecordView): Cell {
  const [mcc, mnc] = takeNetwork(record);
  return { mcc, mnc, isWide: mnc > 0xff, lac: record.number('gsm_lac') ?? 0, cid: record.number('gsm_cell_id') ?? 0 };
}

function takeNetwork(record: RecordView): [mcc: number, mnc: number] {
  const mcc = record.number('gsm_mcc');
  if (mcc !== undefined) return [mcc, record.number('gsm_mnc') ?? 0];
  const code = record.text('gsm_network_code');
  return code !== undefined && /^\d{5,6}$/.test(code) ? [Number(code.slice(0, 3)), Number(code.slice(3))] : [0, 0];
}

export function takeStatus(record: RecordView): StatusBits {
  return {
    isArmed: record.flag('armed') ?? false,
    isAccOn: record.flag('ignition') ?? record.flag('input_1') ?? false,
    isCharging: record.flag('charging_status') ?? record.flag('external_power_state') ?? false,
    alarmClass: takeAlarmClass(record),
    isGpsOn: record.flag('gps_tracking') ?? record.update.position !== null,
    isRelayCut: record.flag('output_1') ?? record.flag('engine_blocked') ?? false,
  };
}

/** The class that one of the record's alarms has; a name that the alarm byte says too is left to it. */
function takeAlarmClass(record: RecordView): number {
  const words = (record.text('alarm') ?? '').split(',');
  const said = alarms.get(record.number('event_code') ?? 0);
  const found = [...alarmClasses].find(([, name]) => words.includes(name) && name !== said);
  return found === undefined ? 0 : found[0];
}

/** Percent to the seven levels. */
export function toVoltageLevel(percent: number | undefined): number {
  return percent === undefined ? absent.level : Math.round((Math.min(100, Math.max(0, percent)) * 6) / 100);
}

/** Percent to the five bars. */
export function toGsmLevel(percent: number | undefined): number {
  return percent === undefined ? absent.level : Math.round(Math.min(100, Math.max(0, percent)) / 25);
}

/** The key of a record as sixteen hexadecimal digits, if it is one. */
export function hexKeyOf(record: RecordView): string | undefined {
  const key = record.text('hardware_key');
  return key !== undefined && /^[0-9a-f]{16}$/i.test(key) ? key.toLowerCase() : undefined;
}

/** Eight flags of a family as bits. */
export function takeWord(record: RecordView, family: string): number {
  let word = 0;
  for (let bit = 0; bit < 8; bit++) {
    if (record.flag(`${family}_${bit + 1}`) === true) word |= 1 << bit;
  }
  return word;
}

/** Analog inputs from 1 on without a gap. */
export function adcVolts(record: RecordView): number[] {
  const volts: number[] = [];
  for (let n = 1; n <= 15; n++) {
    const value = record.number(`analog_${n}`);
    if (value === undefined) break;
    volts.push(value);
  }
  return volts;
}

/** The key of a record as a number of four bytes, if it is one. */
export function decimalKeyOf(record: RecordView): number | undefined {
  const key = record.text('hardware_key');
  return key !== undefined && /^[1-9]\d{0,8}$/.test(key) ? Number(key) : undefined;
}

/** Alarm byte of a record, by number or by name. */
export function takeEvent(record: RecordView): number | undefined {
  const code = record.number('event_code');
  if (code !== undefined) return code;
  const name = record.text('alarm');
  const found = [...alarms].find(([, each]) => each === name);
  return found === undefined ? undefined : found[0];
}

const cellPlaces = 7;

/** Seven places; those without a cell are zeros. */
export function takeCells(record: RecordView): Neighbour[] {
  const cells = record
    .list('gsm_cells')
    .slice(0, cellPlaces)
    .map(({ lac, cid, signal }) => ({
      lac: Number(lac ?? 0),
      cid: Number(cid ?? 0),
      rssi: Math.abs(Number(signal ?? 0)),
    }));
  while (cells.length < cellPlaces) cells.push({ lac: 0, cid: 0, rssi: 0 });
  return cells;
}

export function takeAccessPoints(record: RecordView): AccessPoint[] {
  return record
    .list('wifi_access_points')
    .map(({ mac, signal }) => ({ mac: String(mac), rssi: Math.abs(Number(signal ?? 0)) }));
}

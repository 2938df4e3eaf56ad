/**
 * Texts inside GT06 content: diagnostic lists (0x8C, 0x66), the fuel sensor's sentence (0x94/0D), the parameter dump (0x94/04) and
 * the answer to `WHERE#`. What is not understood stays under a name of its own.
 */
import type { Position } from '../../domain/update.js';
import type { Draft, RecordView } from './draft.js';
import { type DiagnosticRow, obdRows, obdVinKey, pidRows } from './spec.js';

const vinName = 'obd_vin';
/** Third character of a key: hexadecimal value, as in all captures. */
const hexKind = '3';
const pidMode = '21';

/** `283=000F4240,...`: key, kind, hexadecimal hundredths; the VIN is text. */
export function putObdValues(list: string, draft: Draft): void {
  for (const item of list.split(',')) {
    const [, key = '', value = ''] = /^([0-9a-f]{2})[0-9a-f]?=(.*)$/i.exec(item.trim()) ?? [];
    const code = key.toUpperCase();
    const known = obdRows.find((each) => each.key === code);
    if (code === '') putStrayText(item, draft);
    else if (code === obdVinKey) draft.setText(vinName, value);
    else if (known === undefined) draft.setText(`obd_key_${code}`, value);
    else putHundredths(known, value, draft);
  }
}

/** `210C=00033450,...`: mode and number of the value, hexadecimal hundredths. */
export function putPidValues(list: string, draft: Draft): void {
  for (const item of list.split(',')) {
    const [, key = '', value = ''] = /^[0-9a-f]{2}([0-9a-f]{2})=([0-9a-f]{1,8})$/i.exec(item.trim()) ?? [];
    const code = key.toUpperCase();
    const known = pidRows.find((each) => each.key === code);
    if (Number.parseInt(code || '0', 16) === 0) putStrayText(item, draft);
    else if (known === undefined) draft.set(`obd_pid_${Number.parseInt(code, 16)}`, hundredths(value));
    else putHundredths(known, value, draft);
  }
}

/** What is no value of the list is kept as it is. */
function putStrayText(item: string, draft: Draft): void {
  draft.raw += Buffer.from(item, 'latin1').toString('hex');
}

function putHundredths(known: DiagnosticRow, value: string, draft: Draft): void {
  const number = hundredths(value);
  for (const name of known.names) draft.set(name, number);
}

/** Hex digits as hundredths; eight digits are two's complement. */
function hundredths(hex: string): number | undefined {
  if (!/^[0-9a-f]{1,8}$/i.test(hex)) return undefined;
  const raw = Number.parseInt(hex, 16);
  return (hex.length === 8 ? raw | 0 : raw) / 100;
}

export function takeObdValues(record: RecordView): string {
  const items = takeRows(obdRows, record, (key) => key + hexKind);
  const vin = record.text(vinName);
  if (vin !== undefined) items.push(`${obdVinKey}${hexKind}=${vin}`);
  return items.join(',');
}

export function takePidValues(record: RecordView): string {
  return takeRows(pidRows, record, (key) => pidMode + key).join(',');
}

function takeRows(table: readonly DiagnosticRow[], record: RecordView, keyOf: (key: string) => string): string[] {
  const items: string[] = [];
  for (const { key, names } of table) {
    const value = record.number(names[0] ?? '');
    if (value === undefined) continue;
    const raw = (Math.round(value * 100) >>> 0).toString(16).toUpperCase().padStart(8, '0');
    items.push(`${keyOf(key)}=${raw}`);
  }
  return items;
}

/** Fault codes with whatever stands between them. */
export function putFaultCodes(text: string, draft: Draft): void {
  const codes = text.split(/[^0-9A-Za-z]+/).filter((code) => code !== '');
  if (codes.length === 0) return;
  draft.set('obd_dtc_codes', codes.join(' '));
  draft.set('obd_dtc_number', codes.length);
}

const fuelColumns = { temperature: 3, level: 6 };

/** `!AIOIL,address,output,temperature,version,back wave,level,moving,waves,checksum`. */
export function putFuelSentence(sentence: string, draft: Draft): void {
  draft.setText('rs232_1', sentence);
  const columns = sentence.split(',');
  draft.set('fuel_temperature', decimalOf(columns[fuelColumns.temperature]));
  draft.set('fuel_level', decimalOf(columns[fuelColumns.level]));
}

export function takeFuelSentence(record: RecordView): string {
  const sentence = record.text('rs232_1');
  if (sentence?.startsWith('!')) return sentence;
  return `!AIOIL,01,0,${record.number('fuel_temperature') ?? ''},1,0,${record.number('fuel_level') ?? ''},0,0,00`;
}

function decimalOf(text: string | undefined): number | undefined {
  const clean = text?.trim() ?? '';
  return /^[+-]?\d+(\.\d+)?$/.test(clean) ? Number(clean) : undefined;
}

/** `ALM1=..;DYD=01;...;ICCID=..`: DYD tells of the relay. */
export function putParameters(text: string, draft: Draft): void {
  draft.setText('status', text);
  const iccid = /(?:^|;)ICCID=(\d+)/.exec(text)?.[1];
  if (iccid !== undefined) draft.set('iccid', iccid);
  const relay = /(?:^|;)DYD=(\d+)/.exec(text)?.[1];
  if (relay !== undefined) putRelay(Number(relay) === 1, draft);
}

export function putRelay(isCut: boolean, draft: Draft): void {
  draft.set('output_1', isCut);
  draft.set('engine_blocked', isCut);
}

const where = /Lat:\s*([NS])\s*([\d.]+)\D*Lon:\s*([EW])\s*([\d.]+)/i;
const whereTime = /DateTime:\s*(\d{4})-(\d{2})-(\d{2})\s+(\d{2}):(\d{2}):(\d{2})/i;

/** The position in an answer to `WHERE#`; undefined when there is none in the text. */
export function positionInReply(
  text: string,
): { readonly position: Position; readonly at: number | undefined } | undefined {
  const found = where.exec(text);
  if (found === null) return undefined;
  const lat = Number(found[2]) * (found[1]?.toUpperCase() === 'S' ? -1 : 1);
  const lng = Number(found[4]) * (found[3]?.toUpperCase() === 'W' ? -1 : 1);
  if (!(Math.abs(lat) <= 90 && Math.abs(lng) <= 180)) return undefined;
  const position = {
    lat,
    lng,
    valid: true,
    speedKmh: decimalOf(/Speed:\s*([\d.]+)/i.exec(text)?.[1]),
    headingDeg: decimalOf(/Course:\s*([\d.]+)/i.exec(text)?.[1]),
    altitudeM: undefined,
    satellites: undefined,
  };
  const time = whereTime.exec(text);
  return { position, at: time === null ? undefined : utcOf(time.slice(1).map(Number)) };
}

function utcOf([year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0]: number[]): number | undefined {
  const at = Date.UTC(year, month - 1, day, hour, minute, second);
  return Number.isNaN(at) ? undefined : at;
}

/**
 * Columns of raw data that stand for one thing each.
 * Source: Navixy raw IoT data API, `tracker/raw_data/read`, simple columns: words and numbers for what is not known are its own.
 */
import type { FieldValue, Position } from '../../../domain/update.js';
import type { DateFormat } from '../dates.js';
import type { Cell, RawRow } from './columns.js';

type Reader = (row: RawRow, dates: DateFormat) => Cell;

const ofPosition =
  (read: (position: Position) => number | null | undefined): Reader =>
  ({ record }) =>
    record.update.position === null ? null : (read(record.update.position) ?? null);
const ofNumber =
  (name: string, unknown: number | null): Reader =>
  (row) =>
    numberOf(row.get(name)) ?? unknown;

const unknownNumber = -1;
/** Source: 3GPP TS 27.007, `+CSQ`: 0 to 31, 99 for not known. */
const largestCsq = 31;
const unknownCsq = 99;

export const simpleColumns: Readonly<Record<string, Reader>> = {
  msg_time: ({ record }, dates) => dates.format(record.at),
  server_time: ({ record }, dates) => dates.format(record.receivedAt),
  gps_fix_type: ({ record }) => fixType(record.update.position),
  lat: ofPosition(({ lat }) => lat),
  lng: ofPosition(({ lng }) => lng),
  speed: ofPosition(({ speedKmh }) => speedKmh),
  alt: ofPosition(({ altitudeM }) => altitudeM),
  satellites: ({ record }) => record.update.position?.satellites ?? unknownNumber,
  heading: ofPosition(({ headingDeg }) => headingDeg),
  precision: ofNumber('precision', null),
  hdop: ofNumber('hdop', unknownNumber),
  pdop: ofNumber('pdop', unknownNumber),
  event_id: (row) => plainCell(row.get('event_id') ?? row.get('event_code')),
  mn_name: (row) => plainCell(row.get('gsm_network_name')),
  mn_roaming: (row) => flagOf(row.get('gsm_roaming')) ?? unknownNumber,
  mn_code: networkCode,
  mn_csq: (row) => {
    const percent = numberOf(row.get('gsm_signal_level'));
    return percent === undefined ? unknownCsq : Math.round((Math.min(100, Math.max(0, percent)) / 100) * largestCsq);
  },
  mn_type: (row) => networkType(row.get('gsm_network_type')),
};

function fixType(position: Position | null): string {
  if (position === null) return 'UNKNOWN';
  if (position.lat === null || position.lng === null) return 'NO_FIX';
  return position.valid ? 'HAS_FIX' : 'LAST_KNOWN_POSITION';
}

/** MCC and MNC in one number. */
function networkCode(row: RawRow): Cell {
  const code = row.get('gsm_network_code');
  if (typeof code === 'string' && /^\d{5,6}$/.test(code)) return Number(code);
  const [mcc, mnc] = [numberOf(row.get('gsm_mcc')), numberOf(row.get('gsm_mnc'))];
  return mcc === undefined || mnc === undefined ? null : Number(`${mcc}${String(mnc).padStart(2, '0')}`);
}

const networkTypes: readonly (readonly [type: string, words: RegExp])[] = [
  ['NR', /^(?:5G|NR)/i],
  ['LTE', /^(?:4G|LTE|NB-?IOT)/i],
  ['WCDMA', /^(?:3G|WCDMA|UMTS|HSPA)/i],
  ['CDMA', /^CDMA/i],
  ['GSM', /^(?:2G|GSM|GPRS|EDGE)/i],
];

function networkType(value: FieldValue | undefined): string {
  const text = typeof value === 'string' ? value : '';
  return networkTypes.find(([, words]) => words.test(text))?.[0] ?? 'UNKNOWN';
}

function numberOf(value: FieldValue | undefined): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

function flagOf(value: FieldValue | undefined): number | undefined {
  return typeof value === 'boolean' ? Number(value) : undefined;
}

function plainCell(value: FieldValue | undefined): Cell {
  return typeof value === 'string' ? value : (numberOf(value) ?? null);
}

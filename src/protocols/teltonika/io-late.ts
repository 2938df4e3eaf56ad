/**
 * Elements that depend on the other elements of their record: alternatives for the same name, values spread over two elements, words
 * of flags, and what the malfunction lamp follows from. They come after the plain ones, in wire order, so single flags of newer
 * firmware (one byte) win over the words (two to eight bytes) that repeat them.
 */
import type { RecordOut } from './record-out.js';
import {
  anyDoorMask,
  beltLampBits,
  checkEngineMask,
  controlBits,
  doorBits,
  type IoRow,
  type LateKind,
  rawName,
  securityHighBits,
  securityLowBits,
} from './spec.js';
import { ascii8, decimal, hex16, scaled, wideValue } from './values.js';

/** One waiting element. */
interface Late {
  readonly row: IoRow;
  readonly high: number;
  readonly low: number;
}

const anyDoorName = 'can_door_state';

/** Maps what waits in `out.late`. */
export function mapLate(out: RecordOut): void {
  const { rows, high, low } = out.late;
  for (const [i, row] of rows.entries()) {
    if (row.late === undefined) continue;
    byKind[row.late](out, { row, high: high[i] as number, low: low[i] as number });
  }
  if (out.lamp !== undefined) out.set('obd_mil_status', out.lamp);
}

function numberOf({ row, high, low }: Late): number {
  if (high !== 0) return (high >>> 0) * 0x1_0000_0000 + (low >>> 0);
  return row.signed ? low : low >>> 0;
}

function isZero({ high, low }: Late): boolean {
  return (high | low) === 0;
}

function keepRaw(out: RecordOut, late: Late): void {
  out.set(rawName(late.row.id), late.high === 0 ? numberOf(late) : wideValue(late.high, late.low));
}

function offerNumber(out: RecordOut, late: Late): void {
  const n = numberOf(late);
  const value = scaled(late.row, n);
  if (value !== undefined) out.offer(late.row, value, n);
}

/** The cell of the fourth generation is the better one; that of the second is then kept under its number. */
function mapCell4g(out: RecordOut, late: Late): void {
  const cell = scaled(late.row, numberOf(late));
  if (cell === undefined) return;
  const cell2g = out.get(late.row.name);
  if (cell2g !== undefined && cell2g !== cell) out.set(rawName(205), cell2g);
  out.set(late.row.name, cell);
}

function offerKey(out: RecordOut, late: Late): void {
  if (isZero(late)) return;
  const key = hex16(late.high, late.low);
  out.offer(late.row, key, key);
}

/** The other half of a pair, or undefined when it is missing. */
function partnerOf(out: RecordOut, { row }: Late): Late | undefined {
  const at = out.late.indexOf(row.partner);
  if (at < 0) return undefined;
  const { rows, high, low } = out.late;
  return { row: rows[at] as IoRow, high: high[at] as number, low: low[at] as number };
}

/** Two numbers whose decimal texts follow each other. One alone says nothing. */
function mapDecimalPair(out: RecordOut, late: Late): void {
  const partner = partnerOf(out, late);
  if (partner === undefined || isZero(partner) || isZero(late)) {
    if (!isZero(late)) keepRaw(out, late);
    return;
  }
  if (late.row.id < partner.row.id) {
    out.set(late.row.name, decimal(late.high, late.low) + decimal(partner.high, partner.low));
  }
}

/** Two times eight characters. */
function mapAsciiPair(out: RecordOut, late: Late): void {
  const partner = partnerOf(out, late);
  if (partner !== undefined && partner.row.id < late.row.id) return;
  const text = partner === undefined ? halfText(late) : halfText(late) + halfText(partner);
  if (/^[\x20-\x7e]*$/.test(text)) {
    if (text.trim() !== '') out.offer(late.row, text.trim(), text.trim());
    return;
  }
  keepRaw(out, late);
  if (partner !== undefined) keepRaw(out, partner);
}

/** Padding at the end only: a half that starts with zeros is not text. */
function halfText({ high, low }: Late): string {
  return ascii8(high, low).replace(/\0+$/, '');
}

/** The address of the phone: six bytes, or a number of its own making. */
function mapPhoneAddress(out: RecordOut, late: Late): void {
  if (isZero(late)) return;
  const hex = hex16(late.high, late.low);
  const address = late.high >>> 16 === 0 ? hex.slice(4).toLowerCase().match(/../g)?.join(':') : hex;
  if (address !== undefined) out.set(late.row.name, address);
}

function mapEngineTemperature(out: RecordOut, late: Late): void {
  offerNumber(out, late);
  const value = scaled(late.row, numberOf(late));
  if (value !== undefined) out.fill('can_coolant_t', value);
}

function mapDoorBit(out: RecordOut, late: Late): void {
  const open = !isZero(late);
  out.set(late.row.name, open);
  out.set(anyDoorName, open || out.get(anyDoorName) === true);
}

function fillFlags(out: RecordOut, bits: number, table: typeof doorBits): void {
  for (const [mask, name] of table) out.fill(name, (bits & mask) !== 0);
}

function fillDoors(out: RecordOut, bits: number): void {
  fillFlags(out, bits, doorBits);
  out.fill(anyDoorName, (bits & anyDoorMask) !== 0);
}

function mapDoorWord(out: RecordOut, late: Late): void {
  keepRaw(out, late);
  fillDoors(out, late.low);
}

function mapControlWord(out: RecordOut, late: Late): void {
  keepRaw(out, late);
  fillFlags(out, late.low, controlBits);
  for (const [mask, name] of beltLampBits) out.fill(name, (late.low & mask) === 0);
  lampIs(out, (late.low & checkEngineMask) !== 0);
}

function mapSecurityWord(out: RecordOut, late: Late): void {
  keepRaw(out, late);
  fillFlags(out, late.low, securityLowBits);
  fillFlags(out, late.high, securityHighBits);
  fillDoors(out, late.high);
}

function lampIs(out: RecordOut, on: boolean): void {
  out.lamp = on || out.lamp === true;
}

const byKind: Readonly<Record<LateKind, (out: RecordOut, late: Late) => void>> = {
  alternate: offerNumber,
  cell4g: mapCell4g,
  sharedKey: offerKey,
  authorizedKey: (out, late) => {
    offerKey(out, late);
    if (!isZero(late)) out.set('driver_authorized', true);
  },
  decimalPair: mapDecimalPair,
  asciiPair: mapAsciiPair,
  phoneAddress: mapPhoneAddress,
  engineTemperature: mapEngineTemperature,
  doorBit: mapDoorBit,
  doorWord: mapDoorWord,
  controlWord: mapControlWord,
  securityWord: mapSecurityWord,
  lampNumber: (out, late) => {
    offerNumber(out, late);
    lampIs(out, !isZero(late));
  },
  lampFlag: (out, late) => {
    out.set(late.row.name, !isZero(late));
    lampIs(out, !isZero(late));
  },
};

/**
 * Single values of AVL elements: raw bits to the value of a name and back.
 */
import { hexNumber } from '../../wire/hex.js';
import type { IoRow } from './spec.js';

const twoTo32 = 0x1_0000_0000;
/** Above this the high half of an 8-byte value takes it beyond 2^53. */
const safeHigh = 0x20_0000;

let lastHigh = 0;
let lastLow = 0;
let lastHex = '0000000000000000';

/**
 * Eight bytes as 16 upper-case digits, in wire order. The last text is remembered: a unit repeats its key in every record, and
 * making the text costs as much as ten other elements.
 */
export function hex16(high: number, low: number): string {
  if (high !== lastHigh || low !== lastLow) {
    lastHex = hexNumber(high >>> 0, 8) + hexNumber(low >>> 0, 8);
    lastHigh = high;
    lastLow = low;
  }
  return lastHex;
}

/** Eight bytes as a number, or as hex where a number would lose digits. */
export function wideValue(high: number, low: number): number | string {
  return high >>> 0 < safeHigh ? (high >>> 0) * twoTo32 + (low >>> 0) : hex16(high, low);
}

/** The number of an element; undefined for "no data". `n` has its sign already. */
export function scaled(row: IoRow, n: number): number | undefined {
  if (n === row.firstNone || n < row.floor) return undefined;
  if (row.none.length > 1 && row.none.includes(n)) return undefined;
  return row.div === 1 && row.add === 0 ? n : (n + row.add) / row.div;
}

let lastOperator = 0;
let lastNetworkCode: string | undefined;

/** MCC and MNC from a decimal number: an MNC of one digit has lost its leading zero (`2621` is 262 01). 0 is none. */
export function networkCode(raw: number): string | undefined {
  if (raw !== lastOperator) {
    lastOperator = raw;
    lastNetworkCode = raw >= 10_000 || raw < 1000 ? String(raw) : `${Math.floor(raw / 10)}0${raw % 10}`;
  }
  return raw > 0 ? lastNetworkCode : undefined;
}

/** 0 to 5 bars in percent. */
export function barsPercent(bars: number): number {
  return Math.min(100, bars * 20);
}

/** Eight bytes as characters, padding included. */
export function ascii8(high: number, low: number): string {
  let text = '';
  for (let i = 0; i < 8; i++) text += String.fromCharCode(((i < 4 ? high : low) >>> (24 - (i % 4) * 8)) & 0xff);
  return text;
}

/** Eight bytes in decimal. */
export function decimal(high: number, low: number): string {
  return ((BigInt(high >>> 0) << 32n) | BigInt(low >>> 0)).toString();
}

const minAltitudeM = -1000;
const maxAltitudeM = 20_000;

/** An altitude that a vehicle can have, m. */
export function plausibleAltitude(altitudeM: number): number | undefined {
  return altitudeM >= minAltitudeM && altitudeM <= maxAltitudeM ? altitudeM : undefined;
}

/** The shortest decimal that is the same 32-bit float. */
export function shortestFloat(value: number): number {
  for (let digits = 6; digits < 9; digits++) {
    const shorter = Number(value.toPrecision(digits));
    if (Math.fround(shorter) === value) return shorter;
  }
  return value;
}

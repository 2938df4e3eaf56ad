/**
 * The columns of data lines that only this protocol has: date with time, bit masks and free parameters.
 * Source: Wialon IPS 2.0 and 2.1, message types SD and D.
 */
import { CodecError } from '../../errors.js';
import { type Column, formatDecimal, parseDecimal } from '../../wire/text-record.js';

const none = 'NA';
const isNone = (text: string): boolean => text === '' || text === none;

/**
 * `DDMMYY` and `HHMMSS` UTC as ms since 1970; 2.1 adds a fraction of a second (`HHMMSS.NNNNNNNNN`), of which we keep ms.
 * Undefined when either is missing.
 */
export function dateTime(): Column<number | undefined> {
  return {
    width: 2,
    parse(fields, at) {
      const date = (fields[at] ?? '').trim();
      const clock = (fields[at + 1] ?? '').trim();
      if (isNone(date) || isNone(clock)) return undefined;
      const ms = instantOf(date, clock);
      if (ms === undefined)
        throw new CodecError('field_format', { expected: 'DDMMYY and HHMMSS', got: `${date} ${clock}` });
      return ms;
    },
    format(value) {
      if (value === undefined) return [none, none];
      const iso = new Date(value).toISOString();
      const ms = iso.slice(20, 23);
      const clock = iso.slice(11, 19).replaceAll(':', '');
      return [iso.slice(8, 10) + iso.slice(5, 7) + iso.slice(2, 4), ms === '000' ? clock : `${clock}.${ms}000000`];
    },
  };
}

function instantOf(date: string, clock: string): number | undefined {
  const fraction = clock.length > 6 ? /^\.(\d{1,9})$/.exec(clock.slice(6))?.[1] : '';
  if (date.length !== 6 || fraction === undefined) return undefined;
  const day = pairAt(date, 0);
  const month = pairAt(date, 2);
  const hours = pairAt(clock, 0);
  const minutes = pairAt(clock, 2);
  const seconds = pairAt(clock, 4);
  const midnight = Date.UTC(2000 + pairAt(date, 4), month - 1, day);
  if (!(month >= 1 && month <= 12 && hours <= 23 && minutes <= 59 && seconds <= 59)) return undefined;
  if (new Date(midnight).getUTCDate() !== day) return undefined;
  const ms = Number(fraction.slice(0, 3).padEnd(3, '0'));
  return midnight + ((hours * 60 + minutes) * 60 + seconds) * 1000 + ms;
}

/** Two digits as a number; NaN for anything else. */
function pairAt(text: string, at: number): number {
  const tens = text.charCodeAt(at) - 48;
  const ones = text.charCodeAt(at + 1) - 48;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}

/** Unsigned decimal bit mask, bit 0 is the first input or output. */
export function bitMask(): Column<number | undefined> {
  return {
    width: 1,
    parse(fields, at) {
      const text = (fields[at] ?? '').trim();
      if (isNone(text)) return undefined;
      const mask = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
      if (!Number.isSafeInteger(mask)) throw new CodecError('field_format', { expected: 'a bit mask', got: text });
      return mask;
    },
    format: (value) => (value === undefined ? none : formatDecimal(value)),
  };
}

/** Types of a parameter. Any other word is kept, and its value read as text. */
export const parameterType = { integer: '1', decimal: '2', text: '3' } as const;

/** One `NAME:TYPE:VALUE`. Integers beyond 2^53 are kept as text, so that no digit is lost. */
export interface Parameter {
  readonly name: string;
  readonly type: string;
  readonly value: number | string;
}

export interface Parameters {
  readonly list: readonly Parameter[];
  /** Items that could not be read, as they came. */
  readonly unread: readonly string[];
}

/** `NAME:TYPE:VALUE` items separated by commas. An item that cannot be read or has no value costs none of the others. */
export function parameters(): Column<Parameters> {
  return {
    width: 1,
    parse(fields, at) {
      const all = fields[at] ?? '';
      const list: Parameter[] = [];
      const unread: string[] = [];
      if (isNone(all.trim())) return { list, unread };
      for (const item of all.split(',')) {
        const parameter = parameterOf(item);
        if (parameter !== undefined) list.push(parameter);
        else if (!isEmptyItem(item)) unread.push(item);
      }
      return { list, unread };
    },
    format: ({ list }) => (list.length === 0 ? none : list.map(formatParameter).join(',')),
  };
}

function parameterOf(item: string): Parameter | undefined {
  const first = item.indexOf(':');
  const second = item.indexOf(':', first + 1);
  if (first < 1 || second < 0) return undefined;
  const name = item.slice(0, first).trim();
  const type = item.slice(first + 1, second).trim();
  const word = item.slice(second + 1);
  if (name === '' || isNone(word)) return undefined;
  const value = type === parameterType.integer || type === parameterType.decimal ? numberOf(word.trim()) : word;
  return value === undefined ? undefined : { name, type, value };
}

function numberOf(word: string): number | string | undefined {
  if (/^[+-]?\d{16,}$/.test(word) && !Number.isSafeInteger(Number(word))) return word;
  return parseDecimal(word);
}

function isEmptyItem(item: string): boolean {
  return item.trim() === '' || /^[^:]+:[^:]*:(?:NA)?$/.test(item);
}

function formatParameter({ name, type, value }: Parameter): string {
  return `${name}:${type}:${typeof value === 'number' ? formatDecimal(value) : value}`;
}

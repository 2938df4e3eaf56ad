/**
 * Delimited field tables for text protocols: one declaration parses, formats and types a line's fields.
 *
 *   const point = textRecord('short position', ';', { latDeg: degreesMinutes(2, 'N', 'S'), speedKmh: decimal() , ...});
 *   point.parse('5130.44;N;54')  -> { latDeg, speedKmh }
 *
 * A column may take more than one field of the line (`width`). Empty columns and the protocol's word for "no value" parse to
 * undefined, never to 0, and undefined formats back to that word.
 */
import { CodecError } from '../errors.js';

/** How one value is parsed from `width` fields of a line and formatted back. */
export interface Column<T> {
  readonly width: number;
  parse(fields: readonly string[], at: number): T;
  /** The text of the column; one text for each field where `width` is not 1. */
  format(value: T): string | readonly string[];
  /** What stands for a column that cannot be read where the rest of the line is kept. Absent: undefined. */
  readonly unread?: () => T;
}

export type ColumnTable = Record<string, Column<unknown>>;
type ColumnValue<C> = C extends Column<infer T> ? T : never;

/** The type a text record parses to. */
export type RecordOf<R> = R extends TextRecord<infer T> ? T : never;

export interface TextRecord<T> {
  readonly name: string;
  /** Number of fields of the line that the record takes. */
  readonly width: number;
  readonly fields: readonly (keyof T & string)[];
  /** Parses the fields of `line`; throws `CodecError` `count_mismatch` or `field_format` naming the column. */
  parse(line: string): T;
  /**
   * Parses from field `start` on; fields that are missing at the end are empty. Given `faults`, a column that cannot be read is
   * added there and left without a value instead of throwing, so that the others are kept.
   */
  parseFields(fields: readonly string[], start?: number, faults?: CodecError[]): T;
  format(value: T): string;
}

export function textRecord<const C extends ColumnTable>(
  name: string,
  separator: string,
  table: C,
): TextRecord<{ -readonly [K in keyof C]: ColumnValue<C[K]> }> {
  type T = { -readonly [K in keyof C]: ColumnValue<C[K]> };
  const columns = Object.keys(table) as (keyof C & string)[];
  const width = columns.reduce((sum, column) => sum + (table[column] as Column<unknown>).width, 0);
  const record: TextRecord<T> = {
    name,
    width,
    fields: columns,
    parse(line) {
      const fields = line.split(separator);
      if (fields.length !== width) {
        throw new CodecError('count_mismatch', { at: name, expected: `${width} fields`, got: fields.length });
      }
      return record.parseFields(fields);
    },
    parseFields(fields, start = 0, faults) {
      const value: Record<string, unknown> = {};
      let at = start;
      for (const column of columns) {
        const part = table[column] as Column<unknown>;
        try {
          value[column] = part.parse(fields, at);
        } catch (error) {
          const fault = named(error, `${name}.${column}`, at);
          if (faults === undefined || !(fault instanceof CodecError)) throw fault;
          faults.push(fault);
          value[column] = part.unread?.();
        }
        at += part.width;
      }
      return value as T;
    },
    format(value) {
      return columns.flatMap((column) => (table[column] as Column<unknown>).format(value[column])).join(separator);
    },
  };
  return record;
}

function named(error: unknown, at: string, offset: number): unknown {
  return error instanceof CodecError ? new CodecError(error.code, { ...error.facts, at, offset }) : error;
}

export interface NoneOptions {
  /** The word for "no value"; empty text always means it too. Default `NA`. */
  readonly none?: string;
}

function isNone(text: string, none: string): boolean {
  return text === '' || text === none;
}

const decimalForm = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

/** The number that `text` spells, or undefined when it spells none or one too large. */
export function parseDecimal(text: string): number | undefined {
  if (!decimalForm.test(text)) return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? value : undefined;
}

/** `value` without an exponent, which many parsers of the field do not read. Throws `encode_range` for what is no finite number. */
export function formatDecimal(value: number): string {
  if (!Number.isFinite(value)) throw new CodecError('encode_range', { expected: 'a finite number', got: value });
  const shortest = String(value);
  if (!shortest.includes('e')) return shortest;
  return Number.isInteger(value) ? BigInt(value).toString() : trimZeros(value.toFixed(20));
}

function trimZeros(text: string): string {
  const trimmed = text.replace(/\.?0+$/, '');
  return trimmed === '-0' ? '0' : trimmed;
}

/** A decimal number. `digits`: digits after the point when formatted (trailing zeros dropped); default as many as needed. */
export function decimal(options: NoneOptions & { readonly digits?: number } = {}): Column<number | undefined> {
  const none = options.none ?? 'NA';
  return {
    width: 1,
    parse(fields, at) {
      const text = (fields[at] ?? '').trim();
      if (isNone(text, none)) return undefined;
      const value = parseDecimal(text);
      if (value === undefined) throw new CodecError('field_format', { expected: 'a number', got: text });
      return value;
    },
    format(value) {
      if (value === undefined) return none;
      return formatDecimal(options.digits === undefined ? value : Number(value.toFixed(options.digits)));
    },
  };
}

/** Free text; undefined for the word for "no value". */
export function text(options: NoneOptions = {}): Column<string | undefined> {
  const none = options.none ?? 'NA';
  return {
    width: 1,
    parse: (fields, at) => (isNone(fields[at] ?? '', none) ? undefined : fields[at]),
    format: (value) => value ?? none,
  };
}

/**
 * Decimal list within one field, separated by `separator`. The place of an item has a meaning, so an item that is empty or no
 * number is NaN and the others keep their places.
 */
export function decimalList(separator: string, options: NoneOptions = {}): Column<number[]> {
  const none = options.none ?? 'NA';
  return {
    width: 1,
    parse(fields, at) {
      const all = (fields[at] ?? '').trim();
      if (isNone(all, none)) return [];
      return all.split(separator).map((each) => parseDecimal(each.trim()) ?? Number.NaN);
    },
    format: (values) => values.map((value) => (Number.isNaN(value) ? none : formatDecimal(value))).join(separator),
    unread: () => [],
  };
}

export interface DegreesMinutesOptions extends NoneOptions {
  /** Fewest and most digits after the point of the minutes when formatted; further zeros are dropped. Default 6 and 6. */
  readonly minDigits?: number;
  readonly maxDigits?: number;
}

const minutesForm = /^(-?)(\d*?)(\d{1,2})(?:\.(\d*))?$/;

/**
 * Degrees and minutes `DDMM.MMMM` with a hemisphere letter in the next field. Degrees are everything left of the two digits before
 * the point, so any number of degree digits parses; minutes of 60 and more occur in the field and are computed, not refused.
 */
export function degreesMinutes(
  degreeDigits: number,
  positive: string,
  negative: string,
  options: DegreesMinutesOptions = {},
): Column<number | undefined> {
  const { none = 'NA', maxDigits = 6, minDigits = maxDigits } = options;
  return {
    width: 2,
    parse(fields, at) {
      const value = (fields[at] ?? '').trim();
      const hemisphere = (fields[at + 1] ?? '').trim().toUpperCase();
      if (isNone(value, none)) return undefined;
      if (hemisphere !== positive && hemisphere !== negative && !isNone(hemisphere, none)) {
        throw new CodecError('field_format', { expected: `${positive} or ${negative}`, got: hemisphere });
      }
      const match = minutesForm.exec(value);
      if (match === null) throw new CodecError('field_format', { expected: 'DDMM.MMMM', got: value });
      const degrees = degreesOf(match[2] ?? '', match[3] ?? '', match[4] ?? '');
      return degrees !== 0 && (match[1] === '-') !== (hemisphere === negative) ? -degrees : degrees;
    },
    format(value) {
      if (value === undefined) return [none, none];
      const scale = 10 ** maxDigits;
      const total = Math.round(Math.abs(value) * 60 * scale);
      const degrees = Math.floor(total / (60 * scale));
      const [whole = '', fraction = ''] = ((total - degrees * 60 * scale) / scale).toFixed(maxDigits).split('.');
      const digits = fraction.slice(0, minDigits) + fraction.slice(minDigits).replace(/0+$/, '');
      const kept = whole.padStart(2, '0') + (digits === '' ? '' : `.${digits}`);
      return [`${String(degrees).padStart(degreeDigits, '0')}${kept}`, value < 0 ? negative : positive];
    },
  };
}

/** Whole numbers until the one division at the end: `51` and `30.4440` give 51.5074, not 51.507400000000004. */
function degreesOf(degrees: string, minutes: string, fraction: string): number {
  const digits = fraction.slice(0, 9);
  const scale = 10 ** digits.length;
  return (Number(degrees) * 60 * scale + Number(minutes + digits)) / (60 * scale);
}

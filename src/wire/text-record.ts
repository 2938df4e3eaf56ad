/**
 * Delimited field tables for text protocols: one declaration parses, formats and types a line's fields.
 *
 *   const point = textRecord('short position', ';', { latDeg: degrees(2, 'N', 'S'), speedKmh: decimal() , ...});
 *   point.parse('5130.44;N;54', 0)  -> { latDeg, speedKmh }
 *
 * A column may take more than one field of the line (`width`). Empty columns and the protocol's word for "no value" parse to
 * undefined, never to 0, and undefined formats back to that word.
 */
import { CodecError } from '../errors.js';

/** How one value is parsed from `width` fields of a line and formatted back. */
export interface Column<T> {
  readonly width: number;
  parse(fields: readonly string[], at: number): T;
  format(value: T): string;
}

export type ColumnTable = Record<string, Column<unknown>>;
type ColumnValue<C> = C extends Column<infer T> ? T : never;

export interface TextRecord<T> {
  readonly name: string;
  /** Number of fields of the line that the record takes. */
  readonly width: number;
  readonly fields: readonly (keyof T & string)[];
  /** Parses the fields of `line`; throws `CodecError` `count_mismatch` or `field_format` naming the column. */
  parse(line: string): T;
  parseFields(fields: readonly string[], start?: number): T;
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
    parseFields(fields, start = 0) {
      const value: Record<string, unknown> = {};
      let at = start;
      for (const column of columns) {
        const part = table[column] as Column<unknown>;
        try {
          value[column] = part.parse(fields, at);
        } catch (error) {
          throw named(error, `${name}.${column}`, at);
        }
        at += part.width;
      }
      return value as T;
    },
    format(value) {
      return columns.map((column) => (table[column] as Column<unknown>).format(value[column])).join(separator);
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

/** A decimal number. `digits`: digits after the point when formatted (trailing zeros dropped); default as many as needed. */
export function decimal(options: NoneOptions & { readonly digits?: number } = {}): Column<number | undefined> {
  const none = options.none ?? 'NA';
  return {
    width: 1,
    parse(fields, at) {
      const text = (fields[at] ?? '').trim();
      if (isNone(text, none)) return undefined;
      if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) throw new CodecError('field_format', { expected: 'a number', got: text });
      return Number(text);
    },
    format(value) {
      if (value === undefined) return none;
      return options.digits === undefined ? String(value) : String(Number(value.toFixed(options.digits)));
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

/** Decimal list within one field, separated by `separator`. */
export function decimalList(separator: string, options: NoneOptions = {}): Column<number[]> {
  const none = options.none ?? 'NA';
  const item = decimal(options);
  return {
    width: 1,
    parse(fields, at) {
      const all = fields[at] ?? '';
      if (isNone(all, none)) return [];
      return all.split(separator).map((each) => item.parse([each], 0) ?? Number.NaN);
    },
    format: (values) => values.map((value) => item.format(Number.isNaN(value) ? undefined : value)).join(separator),
  };
}

/**
 * Degrees and minutes `DDMM.MMMM` with a hemisphere letter in the next field. Degrees are everything left of the two digits before
 * the point, so any number of degree digits parses; minutes of 60 and more occur in the field and are computed, not refused.
 */
export function degreesMinutes(degreeDigits: number, positive: string, negative: string, options: NoneOptions = {}): Column<number | undefined> {
  const none = options.none ?? 'NA';
  const minuteDigits = 6;
  return {
    width: 2,
    parse(fields, at) {
      const value = (fields[at] ?? '').trim();
      const hemisphere = (fields[at + 1] ?? '').trim().toUpperCase();
      if (isNone(value, none)) return undefined;
      const match = /^(-?)(\d*?)(\d{1,2}(?:\.\d*)?)$/.exec(value);
      if (match === null) throw new CodecError('field_format', { expected: 'DDMM.MMMM', got: value });
      if (hemisphere !== positive && hemisphere !== negative && !isNone(hemisphere, none)) {
        throw new CodecError('field_format', { expected: `${positive} or ${negative}`, got: hemisphere });
      }
      const degrees = Number(match[2] ?? '0') + Number(match[3]) / 60;
      return (match[1] === '-') !== (hemisphere === negative) ? -degrees : degrees;
    },
    format(value) {
      if (value === undefined) return `${none};${none}`;
      const scale = 10 ** minuteDigits;
      const total = Math.round(Math.abs(value) * 60 * scale);
      const degrees = Math.floor(total / (60 * scale));
      const minutes = ((total - degrees * 60 * scale) / scale).toFixed(minuteDigits).padStart(3 + minuteDigits, '0');
      return `${String(degrees).padStart(degreeDigits, '0')}${minutes};${value < 0 ? negative : positive}`;
    },
  };
}

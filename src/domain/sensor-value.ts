/**
 * From what a unit reports to what a sensor shows: range, calibration and divider of a metering sensor, the text of a virtual one, and
 * what several sensors make together. Nothing here is done when a record is taken in, only when somebody asks.
 */
import type { FieldValue } from './update.js';

/** A point of a calibration table: `out` is what is measured when the input reads `in`. */
export interface CalibrationPoint {
  readonly in: number;
  readonly out: number;
}

/** How a metering sensor reads its input. */
export interface MeteringFormula {
  /** Never 0; 1 where it is left out. */
  readonly divider?: number | undefined;
  /** Readings below or above are no readings. */
  readonly min?: number | undefined;
  readonly max?: number | undefined;
  /** By rising `in`. */
  readonly calibration?: readonly CalibrationPoint[] | undefined;
}

/** The number in a field: a text may hold one, a flag is 0 or 1. Undefined where there is none. */
export function numberIn(value: FieldValue | undefined): number | undefined {
  if (typeof value === 'boolean') return value ? 1 : 0;
  const number = typeof value === 'string' && /^\s*[-+]?(?:\d|\.\d)/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

/** Whether a reading lies in the range that the sensor accepts, ends included. */
export function isAccepted(raw: number, { min, max }: MeteringFormula): boolean {
  return (min === undefined || raw >= min) && (max === undefined || raw <= max);
}

/** What a metering sensor shows when its input reads `raw`; undefined when that is outside of the range it accepts, or of all numbers. */
export function meteringValue(raw: number, formula: MeteringFormula): number | undefined {
  return isAccepted(raw, formula) ? finite(scaled(raw, formula)) : undefined;
}

function finite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined;
}

/** Calibration and divider. */
export function scaled(raw: number, { calibration = [], divider = 1 }: MeteringFormula): number {
  if (calibration.length === 0 && divider === 1) return raw;
  return withoutNoise(calibrated(raw, calibration) / divider);
}

/** Linear between two points, flat outside of the table; `raw` itself where there is no table. */
export function calibrated(raw: number, points: readonly CalibrationPoint[]): number {
  const above = points.findIndex((point) => point.in >= raw);
  const upper = points[above < 0 ? points.length - 1 : above];
  if (upper === undefined) return raw;
  const lower = points[above - 1];
  if (lower === undefined || upper.in === lower.in) return upper.out;
  return lower.out + ((raw - lower.in) / (upper.in - lower.in)) * (upper.out - lower.out);
}

/** Nine decimals: arithmetic must not show the noise of binary fractions. */
export function withoutNoise(value: number): number {
  const rounded = Math.round(value * 1e9) / 1e9;
  return Number.isFinite(rounded) ? rounded : value;
}

export type Grouping = 'sum' | 'avg';

/** What several sensors measure together; undefined unless each has a value. */
export function combined(values: readonly (number | undefined)[], grouping: Grouping): number | undefined {
  let sum = 0;
  for (const value of values) {
    if (value === undefined) return undefined;
    sum += value;
  }
  if (values.length === 0) return undefined;
  return finite(withoutNoise(grouping === 'sum' ? sum : sum / values.length));
}

/** How a virtual sensor makes its text. */
export interface VirtualFormula {
  readonly method: 'in_range' | 'identity' | 'bit_index';
  /** Ends of the range, included; one of them may be open. */
  readonly rangeFrom?: number | undefined;
  readonly rangeTo?: number | undefined;
  /** 1 for the lowest bit. */
  readonly bitIndex?: number | undefined;
  /** What is shown instead of a value. */
  readonly titles: ReadonlyMap<string, string>;
}

/** The value of a virtual sensor before titles: `1` or `0`, or the text of the input. Undefined where the input holds no such thing. */
export function virtualValue(value: FieldValue, formula: VirtualFormula): string | undefined {
  if (formula.method === 'identity') return identityText(value);
  const number = numberIn(value);
  if (number === undefined) return undefined;
  if (formula.method === 'in_range') {
    return isAccepted(number, { min: formula.rangeFrom, max: formula.rangeTo }) ? '1' : '0';
  }
  return hasBit(number, formula.bitIndex ?? 1) ? '1' : '0';
}

/** The value with its title put in its place. */
export function virtualText(value: string, { titles }: VirtualFormula): string {
  return titles.get(value) ?? value;
}

function identityText(value: FieldValue): string {
  if (typeof value === 'boolean') return value ? '1' : '0';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** Beyond 32 bits too. Negative numbers are taken as two's complement. */
function hasBit(number: number, index: number): boolean {
  return Math.floor(Math.trunc(number) / 2 ** (index - 1)) % 2 !== 0;
}

/** Lines of a mask. */
const maxMaskLines = 32;
const maskFamilies: Readonly<Record<string, string>> = { input_status: 'input', output_status: 'output' };

/**
 * The value of an input by its name. `input_status` and `output_status` are masks (bit 0 for number 1) of the lines, where the unit does
 * not send such a mask itself.
 */
export function inputValue(name: string, fieldOf: (name: string) => FieldValue | undefined): FieldValue | undefined {
  const value = fieldOf(name);
  const family = Object.hasOwn(maskFamilies, name) ? maskFamilies[name] : undefined;
  return value !== undefined || family === undefined ? value : maskOf(family, fieldOf);
}

function maskOf(family: string, fieldOf: (name: string) => FieldValue | undefined): number | undefined {
  let mask: number | undefined;
  for (let number = 1; number <= maxMaskLines; number++) {
    const value = fieldOf(`${family}_${number}`);
    if (typeof value === 'boolean') mask = (mask ?? 0) + (value ? 2 ** (number - 1) : 0);
  }
  return mask;
}

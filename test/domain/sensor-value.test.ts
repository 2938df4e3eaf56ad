import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  calibrated,
  combined,
  inputValue,
  meteringValue,
  numberIn,
  scaled,
  virtualText,
  virtualValue,
} from '../../src/domain/sensor-value.js';
import type { FieldValue } from '../../src/domain/update.js';

const table = [
  { in: 0, out: 0 },
  { in: 100, out: 10 },
  { in: 200, out: 60 },
];

describe('a metering sensor', () => {
  test.each([
    [12.34, {}, 12.34],
    [123, { divider: 10 }, 12.3],
    [0.3, { divider: 0.1 }, 3],
    [5, { divider: -1 }, -5],
    [50, { calibration: table }, 5],
    [150, { calibration: table }, 35],
    [100, { calibration: table }, 10],
    [-1, { calibration: table }, 0],
    [201, { calibration: table }, 60],
    [150, { calibration: table, divider: 10 }, 3.5],
    [7, { calibration: [{ in: 3, out: 4 }] }, 4],
  ])('shows %d by %j as %d', (raw, formula, value) => {
    expect(meteringValue(raw, formula)).toBe(value);
  });

  test.each([
    [0, { min: 0 }, true],
    [-0.01, { min: 0 }, false],
    [10, { max: 10 }, true],
    [10.01, { max: 10 }, false],
    [5, { min: 0, max: 10 }, true],
  ])('takes %d within %j: %j', (raw, formula, isTaken) => {
    expect(meteringValue(raw, formula) !== undefined).toBe(isTaken);
  });

  test('never shows more than its table holds, and rises with it', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true }), fc.double({ noNaN: true }), (left, right) => {
        const [low, high] = [calibrated(Math.min(left, right), table), calibrated(Math.max(left, right), table)];
        expect(low).toBeGreaterThanOrEqual(0);
        expect(high).toBeLessThanOrEqual(60);
        expect(high).toBeGreaterThanOrEqual(low);
      }),
    );
  });

  test('shows numbers of any size', () => {
    expect(scaled(1e300, { divider: 1e-20 })).toBe(Number.POSITIVE_INFINITY);
    expect(scaled(1e300, { divider: 10 })).toBe(1e299);
    expect(meteringValue(1e300, { divider: 1e-20 })).toBeUndefined();
    expect(combined([1e308, 1e308], 'sum')).toBeUndefined();
  });
});

test.each<[FieldValue | undefined, number | undefined]>([
  [5, 5],
  [true, 1],
  [false, 0],
  ['12.5', 12.5],
  [' -3', -3],
  ['.5', 0.5],
  ['', undefined],
  [' ', undefined],
  ['12 l', undefined],
  ['AB', undefined],
  [Number.NaN, undefined],
  [Number.POSITIVE_INFINITY, undefined],
  ['1e999', undefined],
  [[{ a: 1 }], undefined],
  [undefined, undefined],
])('the number in %j is %j', (value, expected) => {
  expect(numberIn(value)).toBe(expected);
});

test('parts make a whole only when each has a value', () => {
  expect(combined([1, 2, 6], 'sum')).toBe(9);
  expect(combined([1, 2, 6], 'avg')).toBe(3);
  expect(combined([0.1, 0.2], 'sum')).toBe(0.3);
  expect(combined([1, undefined], 'sum')).toBeUndefined();
  expect(combined([], 'avg')).toBeUndefined();
});

describe('a virtual sensor', () => {
  const titles = new Map([
    ['1', 'Busy'],
    ['AB', 'Key'],
  ]);
  test.each<[FieldValue, Parameters<typeof virtualValue>[1], string | undefined]>([
    [5, { method: 'in_range', rangeFrom: 5, rangeTo: 6, titles }, 'Busy'],
    [6, { method: 'in_range', rangeFrom: 5, rangeTo: 6, titles }, 'Busy'],
    [6.01, { method: 'in_range', rangeFrom: 5, rangeTo: 6, titles }, '0'],
    [4.99, { method: 'in_range', rangeFrom: 5, titles }, '0'],
    [-100, { method: 'in_range', rangeTo: 6, titles }, 'Busy'],
    ['x', { method: 'in_range', rangeTo: 6, titles }, undefined],
    ['AB', { method: 'identity', titles }, 'Key'],
    ['CD', { method: 'identity', titles }, 'CD'],
    [7.5, { method: 'identity', titles }, '7.5'],
    [true, { method: 'identity', titles }, 'Busy'],
    [false, { method: 'identity', titles }, '0'],
    [5, { method: 'bit_index', bitIndex: 1, titles }, 'Busy'],
    [5, { method: 'bit_index', bitIndex: 2, titles }, '0'],
    [2 ** 40, { method: 'bit_index', bitIndex: 41, titles }, 'Busy'],
    [-1, { method: 'bit_index', bitIndex: 32, titles }, 'Busy'],
    ['x', { method: 'bit_index', bitIndex: 1, titles }, undefined],
  ])('makes of %j by %j: %j', (value, formula, expected) => {
    const made = virtualValue(value, formula);
    expect(made === undefined ? undefined : virtualText(made, formula)).toBe(expected);
  });
});

test('masks are made of lines where the unit sends none', () => {
  const fields: Record<string, FieldValue> = { input_1: true, input_2: false, input_3: true, input_32: true, x: 7 };
  const valueIn = (name: string) => (Object.hasOwn(fields, name) ? fields[name] : undefined);
  expect(inputValue('input_status', valueIn)).toBe(2 ** 31 + 5);
  expect(inputValue('output_status', valueIn)).toBeUndefined();
  expect(inputValue('x', valueIn)).toBe(7);
  expect(inputValue('constructor', valueIn)).toBeUndefined();
  fields.input_status = 9;
  expect(inputValue('input_status', valueIn)).toBe(9);
});

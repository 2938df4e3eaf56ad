import { describe, expect, test } from 'vitest';
import { modelByCode } from '../../../src/domain/models.js';
import { percentFromVolts, percentOf } from '../../../src/http/navixy/battery.js';

describe('percent from volts', () => {
  test.each([
    [4.2, 100],
    [4.4, 100],
    [4.1, 90],
    [4.05, 85],
    [3.8, 50],
    [3.75, 42],
    [3.7, 33],
    [3.35, 2],
    [3.3, 0],
    [2.5, 0],
    [0, null],
    [-1, null],
    [4.41, null],
    [5.9, null],
    [7.6, 50],
    [8.4, 100],
    [8.5, null],
    [12.6, null],
  ])('%f V of one or two cells is %j', (volts, percent) => {
    expect(percentFromVolts(volts, modelByCode('telfmb920'))).toBe(percent);
    expect(percentFromVolts(volts, undefined)).toBe(percent);
  });

  test('goes by the charge limits of the model where they are known', () => {
    const model = modelByCode('tt1_wp');
    expect([3.3, 3.4, 3.75, 4.1, 4.3].map((volts) => percentFromVolts(volts, model))).toEqual([0, 0, 50, 100, 100]);
  });

  test('limits that are fractions are no volts', () => {
    expect(percentFromVolts(3.8, modelByCode('navixy_ngp'))).toBe(50);
  });

  test('other chemistries tell nothing', () => {
    expect(percentFromVolts(8.1, modelByCode('telfmc640'))).toBeNull();
  });

  test('never falls as volts rise', () => {
    let last = 0;
    for (let volts = 2.5; volts <= 4.4; volts += 0.01) {
      const percent = percentFromVolts(volts, undefined) ?? -1;
      expect(percent).toBeGreaterThanOrEqual(last);
      last = percent;
    }
  });
});

test('the unit’s own percent is a whole number of 0 to 100', () => {
  expect([-5, 0.4, 49.6, 100, 255].map(percentOf)).toEqual([0, 0, 50, 100, 100]);
});

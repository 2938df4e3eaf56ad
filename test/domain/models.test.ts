import { describe, expect, test } from 'vitest';
import {
  deviceIdRule,
  expandedInputs,
  hasChargeCurve,
  isDeviceIdFor,
  modelByCode,
  models,
  publishedModel,
} from '../../src/domain/models.js';

const model = (code: string) => modelByCode(code)!;

describe('the catalogue', () => {
  test('has unique ids and codes', () => {
    expect(new Set(models.map(({ id }) => id)).size).toBe(models.length);
    expect(new Set(models.map(({ code }) => code)).size).toBe(models.length);
  });

  test('is looked up by code', () => {
    expect(model('telfmb920')).toMatchObject({ protocol: 'teltonika', digital_inputs: 1 });
    for (const code of ['', 'nonsense', '__proto__', 'constructor']) expect(modelByCode(code)).toBeUndefined();
  });

  test('what can be registered has a protocol and a rule for its identity', () => {
    for (const each of models) {
      expect(each.register, each.code).toBe(each.protocol !== null);
      expect(deviceIdRule(each) !== undefined, each.code).toBe(each.register);
    }
  });
});

describe('isDeviceIdFor', () => {
  test.each([
    ['telfmb920', '356307042441013', true],
    ['telfmb920', '35630704244101', true],
    ['telfmb920', '3563070424410131', true],
    ['telfmb920', '3563070424410', false],
    ['telfmb920', '35630704244101x', false],
    ['suntech_st300', '123456789', true],
    ['suntech_st300', '12345678', false],
    ['jt808_2019', '1'.repeat(20), true],
    ['jt808_2019', '1'.repeat(19), false],
    ['navixy_ngp', 'abc-12', true],
    ['navixy_ngp', 'abc12', false],
    ['navixy_ngp', 'a'.repeat(32), true],
    ['navixy_ngp', 'a'.repeat(33), false],
    ['wialon_ips', 'a', true],
    ['wialon_ips', 'a'.repeat(50), true],
    ['wialon_ips', 'a'.repeat(51), false],
    ['wialon_ips', 'a_b', false],
    ['wialon_ips', 'a\n', false],
    ['tt1_wp', '2123456789', false],
    ['pt10', '123', false],
  ])('%s %j: %j', (code, deviceId, expected) => {
    expect(isDeviceIdFor(model(code), deviceId)).toBe(expected);
  });

  test('an identity may be the server’s to make', () => {
    expect(deviceIdRule(model('tt1_wp'))).toEqual({ kind: 'generated', digits: 10, prefix: '2' });
  });
});

describe('publishedModel', () => {
  test('shows unknown counts as 0 and unknown flags as false', () => {
    expect(publishedModel(model('wialon_ips'))).toMatchObject({
      digital_inputs: 0,
      rs232_inputs: 0,
      gsm_level: false,
      port: null,
    });
  });

  test('leaves out an unknown battery and our own remarks', () => {
    expect(publishedModel(model('telfmb920'))).not.toHaveProperty('battery');
    expect(publishedModel(model('tt1_wp'))).toMatchObject({
      battery: { min_charge: 3.4, low_charge: 3.7, max_charge: 4.1 },
    });
    expect(publishedModel(model('concox_gt06n')).battery).toEqual({ low_charge: 3.7 });
    expect(publishedModel(model('pt10')).name).toBe('pt10');
    expect(
      Object.keys(publishedModel(model('telfmb920'))).some((key) => key === 'protocol' || key.startsWith('x_')),
    ).toBe(false);
  });

  test('keeps the catalogue as it is', () => {
    const before = JSON.stringify(models);
    for (const each of models) publishedModel(each).inputs = [];
    expect(JSON.stringify(models)).toBe(before);
  });
});

test('indexed inputs are listed one by one', () => {
  expect(expandedInputs(['analog_3', 'avl_io', 'hw_mileage', 'rs232_2'])).toEqual([
    ...['analog_1', 'analog_2', 'analog_3', 'avl_io', 'hw_mileage', 'rs232_1', 'rs232_2'],
  ]);
});

test('percent comes from volts but for batteries of another kind', () => {
  expect(models.filter((each) => !hasChargeCurve(each)).map(({ code }) => code)).toEqual(['telfmc640']);
});

/** Identities on the wire. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { imeiFrom, isImei, isUnitId, luhnDigit } from '../../src/domain/unit-id.js';
import { imei } from '../support/arbitraries.js';

describe('IMEI', () => {
  // Source: 3GPP TS 23.003, annex B, and the widely printed sample of ISO/IEC 7812-1.
  test.each([
    ['49015420323751', 8],
    ['7992739871', 3],
    ['00000000000000', 0],
  ])('check digit of %s is %d', (digits, check) => {
    expect(luhnDigit(digits)).toBe(check);
  });

  test('an IMEI made here is one', () => {
    fc.assert(
      fc.property(imei, (id) => {
        expect(isImei(id)).toBe(true);
      }),
    );
    expect(imeiFrom('49015420323751')).toBe('490154203237518');
  });

  test('every other check digit is wrong, and so is every changed digit', () => {
    fc.assert(
      fc.property(imei, fc.nat(14), fc.integer({ min: 1, max: 9 }), (id, at, by) => {
        const changed = (Number(id[at]) + by) % 10;
        expect(isImei(id.slice(0, at) + changed + id.slice(at + 1))).toBe(false);
      }),
    );
  });

  test.each(['', '49015420323751', '4901542032375180', '49015420323751a', ' 90154203237518', '490154203237518\n'])(
    '%j is none',
    (text) => {
      expect(isImei(text)).toBe(false);
    },
  );
});

describe('unit id', () => {
  test.each(['1', 'a', 'A-b_c.d:e@f', '42001300083', 'x'.repeat(64)])('%s is one', (text) => {
    expect(isUnitId(text)).toBe(true);
  });

  test.each(['', 'x'.repeat(65), 'a b', 'a;b', 'a/b', 'ä', 'a\n', '\0'])('%j is none', (text) => {
    expect(isUnitId(text)).toBe(false);
  });
});

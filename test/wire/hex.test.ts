/** Hex as people paste it. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hexNumber, parseHex } from '../../src/wire/hex.js';

test('reads what Node writes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      const hex = Buffer.from(bytes).toString('hex');
      expect(parseHex(hex)).toEqual(Buffer.from(bytes));
      expect(parseHex(hex.toUpperCase())).toEqual(Buffer.from(bytes));
    }),
  );
});

test.each([
  ['00 0f 31', '000f31'],
  ['00:0F:31', '000f31'],
  ['0x00, 0x0f,0x31', '000f31'],
  ['00\n0f\t31\r\n', '000f31'],
  ['', ''],
])('reads %j', (text, hex) => {
  expect(parseHex(text)?.toString('hex')).toBe(hex);
});

test.each(['0', 'abc', '0g', '#L#2.0;1;2', 'zz', '-1'])('%j is no hex', (text) => {
  expect(parseHex(text)).toBeUndefined();
});

test('numbers of fixed width', () => {
  expect(hexNumber(0xbb3d, 4)).toBe('BB3D');
  expect(hexNumber(10, 4)).toBe('000A');
});

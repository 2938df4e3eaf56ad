/** Check values of the CRC catalogue, and the table-driven forms against the bitwise definition. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { crc16Arc, crc16X25 } from '../../src/wire/checksum.js';

const checkText = Buffer.from('123456789');

/** The definition: one bit a step, reflected. */
function bitwise(bytes: Uint8Array, polynomial: number, initial: number): number {
  let crc = initial;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
  }
  return crc;
}

describe('checksums', () => {
  test('CRC-16/ARC has the check value of the catalogue', () => {
    expect(crc16Arc(checkText)).toBe(0xbb3d);
  });

  test('CRC-16/X-25 has the check value of the catalogue', () => {
    expect(crc16X25(checkText)).toBe(0x906e);
  });

  test('nothing at all', () => {
    expect(crc16Arc(Buffer.alloc(0))).toBe(0);
    expect(crc16X25(Buffer.alloc(0))).toBe(0);
  });

  test('agree with the bitwise definition at every length and offset', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(), fc.nat(), (bytes, a, b) => {
        const [start = 0, end = 0] = [a % (bytes.length + 1), b % (bytes.length + 1)].sort((x, y) => x - y);
        const part = bytes.subarray(start, end);
        expect(crc16Arc(bytes, start, end)).toBe(bitwise(part, 0xa001, 0));
        expect(crc16X25(bytes, start, end)).toBe(bitwise(part, 0x8408, 0xffff) ^ 0xffff);
      }),
    );
  });

  test('a flipped bit changes them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), fc.nat(), (bytes, position) => {
        const flipped = Uint8Array.from(bytes);
        const bit = position % (bytes.length * 8);
        flipped[bit >> 3]! ^= 1 << (bit & 7);
        expect(crc16Arc(flipped)).not.toBe(crc16Arc(bytes));
        expect(crc16X25(flipped)).not.toBe(crc16X25(bytes));
      }),
    );
  });
});

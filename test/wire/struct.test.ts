/** Binary field tables: one declaration, both directions. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CodecError } from '../../src/errors.js';
import { bcd } from '../../src/wire/bcd.js';
import { Reader } from '../../src/wire/reader.js';
import {
  ascii,
  type Field,
  f32,
  flag,
  hexBytes,
  i8,
  i16,
  i32,
  listOf,
  repeat,
  struct,
  u8,
  u16,
  u16le,
  u24,
  u32,
  u32le,
  u48,
  u64,
} from '../../src/wire/struct.js';
import { Writer } from '../../src/wire/writer.js';
import { codeOf } from '../support/codes.js';

function bytesOf<T>(field: Field<T>, value: T): Buffer {
  const writer = new Writer();
  field.write(writer, value);
  return writer.finish();
}

const sample = struct('sample', {
  lonDeg: i32({ div: 1e7 }),
  temperatureC: u8({ offset: -40 }),
  hdop: u16({ div: 10, none: 0xffff }),
  headingDeg: u16({ max: 360 }),
  valid: flag(),
  name: ascii(3),
  serial: bcd(2),
  tail: hexBytes(2),
  list: listOf(u8(), u8()),
  pair: repeat(u16le(), 2),
});

const value = {
  lonDeg: -0.1278,
  temperatureC: -5,
  hdop: undefined,
  headingDeg: 359,
  valid: true,
  name: 'abc',
  serial: '1234',
  tail: 'c0fe',
  list: [1, 2, 3],
  pair: [1, 258],
};

describe('struct', () => {
  test('writes fields in the order of the declaration', () => {
    expect(bytesOf(sample, value).toString('hex')).toBe(
      `ffec7fd0${'23'}${'ffff'}0167${'01'}616263${'1234'}c0fe${'03010203'}01000201`,
    );
  });

  test('reads back what it writes, with every key', () => {
    const read = sample.read(new Reader(bytesOf(sample, value)));
    expect(read).toStrictEqual(value);
    expect(Object.keys(read)).toEqual([...sample.fields]);
  });

  test('knows its width where that is fixed', () => {
    expect(struct('fixed', { a: u8(), b: u24(), c: u48(), d: ascii(4), e: repeat(u16(), 3) }).width).toBe(20);
    expect(sample.width).toBeUndefined();
    expect(repeat(listOf(u8(), u8()), 2).width).toBeUndefined();
  });

  test('errors name the struct, once, and the place', () => {
    const outer = struct('outer', { count: u8(), inner: struct('inner', { headingDeg: u16({ max: 360 }) }) });
    try {
      outer.read(new Reader(Buffer.from('010fff', 'hex')));
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(CodecError);
      expect((error as CodecError).code).toBe('field_range');
      expect((error as CodecError).facts).toMatchObject({ at: 'inner', offset: 1, got: 0x0fff });
    }
  });

  test('a name that is no identifier is a key like any other', () => {
    const odd = struct('odd', { 'a-b"c': u8(), constructor: u8() });
    expect(odd.read(new Reader(Buffer.of(1, 2)))).toEqual({ 'a-b"c': 1, constructor: 2 });
  });
});

describe('numbers', () => {
  const kinds = { u8, i8, u16, i16, u24, u32, i32, u48, u16le, u32le };

  test.each(Object.entries(kinds))('%s: every raw value divides and comes back', (_, make) => {
    const width = make().width as number;
    for (const div of [1, 10, 100, 1000, 3600, 1.8e6, 1e7]) {
      const field = make({ div, offset: 7 });
      fc.assert(
        fc.property(fc.uint8Array({ minLength: width, maxLength: width }), (raw) => {
          const bytes = Buffer.from(raw);
          expect(bytesOf(field, field.read(new Reader(bytes)))).toEqual(bytes);
        }),
        { numRuns: 25 },
      );
    }
  });

  test('a scaled number is a clean decimal', () => {
    expect(u16({ div: 1000 }).read(new Reader(Buffer.from('30d7', 'hex')))).toBe(12.503);
  });

  test('the sentinel reads as nothing and nothing writes as the sentinel', () => {
    const field = i16({ none: -32_768, div: 10 });
    expect(field.read(new Reader(Buffer.from('8000', 'hex')))).toBeUndefined();
    expect(bytesOf(field, undefined).toString('hex')).toBe('8000');
    expect(field.read(new Reader(Buffer.from('8001', 'hex')))).toBe(-3276.7);
  });

  test('without a sentinel nothing cannot be written', () => {
    expect(codeOf(() => (u8() as Field<number | undefined>).write(new Writer(), undefined))).toBe('encode_range');
  });

  test('ranges hold both ways, edges included', () => {
    const field = u16({ min: 10, max: 360 });
    for (const fine of [10, 360]) expect(field.read(new Reader(bytesOf(field, fine)))).toBe(fine);
    for (const bad of [9, 361]) {
      expect(codeOf(() => bytesOf(field, bad))).toBe('encode_range');
      expect(codeOf(() => field.read(new Reader(bytesOf(u16(), bad))))).toBe('field_range');
    }
  });

  test('a value that does not fit the width is refused, also when scaled', () => {
    expect(codeOf(() => bytesOf(u8({ div: 10 }), 25.6))).toBe('encode_range');
    expect(codeOf(() => bytesOf(i8(), Number.NaN))).toBe('encode_range');
  });

  test('64 bits and floats', () => {
    expect(u64().read(new Reader(bytesOf(u64(), 1_700_000_000_123)))).toBe(1_700_000_000_123);
    expect(f32().read(new Reader(bytesOf(f32(), -0.25)))).toBe(-0.25);
  });
});

describe('texts and lists', () => {
  test('texts have exactly their width', () => {
    expect(codeOf(() => bytesOf(ascii(3), 'ab'))).toBe('encode_range');
    expect(codeOf(() => bytesOf(hexBytes(2), 'abc'))).toBe('encode_range');
    expect(codeOf(() => bytesOf(repeat(u8(), 2), [1]))).toBe('encode_range');
    expect(codeOf(() => bytesOf(listOf(u8(), u8()), new Array<number>(256).fill(0)))).toBe('encode_range');
  });

  test('a list that announces more than there is is truncated', () => {
    expect(codeOf(() => listOf(u16(), u8()).read(new Reader(Buffer.of(3, 0, 1))))).toBe('truncated');
  });

  test('flags: any byte but 0 is true', () => {
    expect([0, 1, 2, 255].map((byte) => flag().read(new Reader(Buffer.of(byte))))).toEqual([false, true, true, true]);
    expect(bytesOf(flag(), true)).toEqual(Buffer.of(1));
  });
});

describe('bcd', () => {
  test('two digits a byte, both ways', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 8, maxLength: 8 }), (bytes) => {
        const digits = bcd(8).read(new Reader(Buffer.from(bytes)));
        expect(digits).toHaveLength(16);
        expect(bytesOf(bcd(8), digits)).toEqual(Buffer.from(bytes));
      }),
    );
    expect(bcd(4).read(new Reader(Buffer.from('0863586038', 'hex')))).toBe('08635860');
  });

  test('refuses other lengths and other characters', () => {
    for (const text of ['123', '12345', '12g4', '', '12 4'])
      expect(codeOf(() => bytesOf(bcd(2), text))).toBe('encode_range');
  });
});

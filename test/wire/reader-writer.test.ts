/** The cursor and its mirror: every width, both ways, and what happens at the edges. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CodecError } from '../../src/errors.js';
import { Reader } from '../../src/wire/reader.js';
import { Writer } from '../../src/wire/writer.js';
import { codeOf } from '../support/codes.js';

interface Width {
  readonly name: string;
  readonly bytes: number;
  readonly min: number;
  readonly max: number;
  readonly read: (reader: Reader) => number;
  readonly write: (writer: Writer, value: number) => Writer;
  /** The same number by Node's own buffer. */
  readonly reference: (bytes: Buffer) => number;
}

const widths: readonly Width[] = [
  {
    name: 'u8',
    bytes: 1,
    min: 0,
    max: 0xff,
    read: (r) => r.u8(),
    write: (w, v) => w.u8(v),
    reference: (b) => b.readUInt8(),
  },
  {
    name: 'i8',
    bytes: 1,
    min: -0x80,
    max: 0x7f,
    read: (r) => r.i8(),
    write: (w, v) => w.i8(v),
    reference: (b) => b.readInt8(),
  },
  {
    name: 'u16',
    bytes: 2,
    min: 0,
    max: 0xffff,
    read: (r) => r.u16(),
    write: (w, v) => w.u16(v),
    reference: (b) => b.readUInt16BE(),
  },
  {
    name: 'i16',
    bytes: 2,
    min: -0x8000,
    max: 0x7fff,
    read: (r) => r.i16(),
    write: (w, v) => w.i16(v),
    reference: (b) => b.readInt16BE(),
  },
  {
    name: 'u24',
    bytes: 3,
    min: 0,
    max: 0xff_ffff,
    read: (r) => r.u24(),
    write: (w, v) => w.u24(v),
    reference: (b) => b.readUIntBE(0, 3),
  },
  {
    name: 'u32',
    bytes: 4,
    min: 0,
    max: 0xffff_ffff,
    read: (r) => r.u32(),
    write: (w, v) => w.u32(v),
    reference: (b) => b.readUInt32BE(),
  },
  {
    name: 'i32',
    bytes: 4,
    min: -0x8000_0000,
    max: 0x7fff_ffff,
    read: (r) => r.i32(),
    write: (w, v) => w.i32(v),
    reference: (b) => b.readInt32BE(),
  },
  {
    name: 'u48',
    bytes: 6,
    min: 0,
    max: 0xffff_ffff_ffff,
    read: (r) => r.u48(),
    write: (w, v) => w.u48(v),
    reference: (b) => b.readUIntBE(0, 6),
  },
  {
    name: 'u64 as a number',
    bytes: 8,
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    read: (r) => r.u64Number(),
    write: (w, v) => w.u64Number(v),
    reference: (b) => Number(b.readBigUInt64BE()),
  },
  {
    name: 'u16le',
    bytes: 2,
    min: 0,
    max: 0xffff,
    read: (r) => r.u16le(),
    write: (w, v) => w.u16le(v),
    reference: (b) => b.readUInt16LE(),
  },
  {
    name: 'u32le',
    bytes: 4,
    min: 0,
    max: 0xffff_ffff,
    read: (r) => r.u32le(),
    write: (w, v) => w.u32le(v),
    reference: (b) => b.readUInt32LE(),
  },
];

describe.each(widths)('$name', ({ bytes, min, max, read, write, reference }) => {
  const values = fc.oneof(
    fc.constantFrom(min, max, 0, 1),
    fc.maxSafeInteger().map((n) => min + (Math.abs(n) % (max - min + 1))),
  );

  test('reads what it writes, as Node does', () => {
    fc.assert(
      fc.property(values, (value) => {
        const written = write(new Writer(), value).finish();
        expect(written.length).toBe(bytes);
        expect(reference(written)).toBe(value);
        const reader = new Reader(written);
        expect(read(reader)).toBe(value);
        expect(reader.left).toBe(0);
      }),
    );
  });

  test('refuses what does not fit', () => {
    for (const value of [min - 1, max + 1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(codeOf(() => write(new Writer(), value))).toBe('encode_range');
    }
  });

  test('does not read past the end', () => {
    for (let have = 0; have < bytes; have++) {
      const reader = new Reader(Buffer.alloc(bytes + 4), 2, 2 + have);
      expect(codeOf(() => read(reader))).toBe('truncated');
      expect(reader.offset).toBeLessThanOrEqual(2 + have);
    }
  });
});

describe('reader', () => {
  test('texts, hex and copies keep no view', () => {
    const bytes = Buffer.from('\x01abé12', 'latin1');
    const reader = new Reader(bytes, 1);
    expect(reader.latin1(3)).toBe('abé');
    const copied = reader.copy(2);
    bytes.fill(0);
    expect(copied.toString()).toBe('12');
    expect(new Reader(Buffer.from('C0FF', 'hex')).hex(2)).toBe('c0ff');
    expect(new Reader(Buffer.from('дом')).utf8(6)).toBe('дом');
  });

  test('texts and copies stop at the end', () => {
    for (const read of [
      (r: Reader) => r.latin1(3),
      (r: Reader) => r.utf8(3),
      (r: Reader) => r.hex(3),
      (r: Reader) => r.copy(3),
    ]) {
      expect(codeOf(() => read(new Reader(Buffer.alloc(2))))).toBe('truncated');
    }
  });

  test('a big unsigned number keeps all its bits', () => {
    const bytes = Buffer.from('ffffffffffffffff', 'hex');
    expect(new Reader(bytes).u64()).toBe(0xffff_ffff_ffff_ffffn);
    expect(codeOf(() => new Reader(bytes, 1).u64())).toBe('truncated');
  });

  test('reset points it at another frame', () => {
    const reader = new Reader(Buffer.of(1));
    reader.u8();
    expect(reader.reset(Buffer.of(9, 8, 7), 1, 2).u8()).toBe(8);
    expect(reader.left).toBe(0);
  });

  test('an error names what was expected, and at most 64 bytes', () => {
    try {
      new Reader(Buffer.alloc(500), 498).u32();
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(CodecError);
      expect((error as CodecError).facts).toMatchObject({ offset: 498, got: 2 });
      expect((error as CodecError).facts.hex).toHaveLength(128);
    }
  });
});

describe('writer', () => {
  test('grows, patches and gives a copy', () => {
    const writer = new Writer(1);
    writer.u16(0).append(Buffer.from('abc')).latin1('é').utf8('é').u32(0);
    writer.patchU16(0, 0xbeef).patchU32(8, 0xdead_beef).patchU8(2, 0x41);
    const written = writer.finish();
    expect(written.toString('hex')).toBe('beef416263e9c3a9deadbeef');
    expect(writer.length).toBe(12);
    writer.patchU8(0, 0);
    expect(written[0]).toBe(0xbe);
    expect(writer.view(2, 5).toString()).toBe('Abc');
  });

  test('patches are checked like writes', () => {
    const writer = new Writer().u32(0);
    expect(codeOf(() => writer.patchU8(0, 256))).toBe('encode_range');
    expect(codeOf(() => writer.patchU16(0, -1))).toBe('encode_range');
    expect(codeOf(() => writer.patchU32(0, 2 ** 32))).toBe('encode_range');
  });

  test('64 bits are checked', () => {
    expect(codeOf(() => new Writer().u64(-1n))).toBe('encode_range');
    expect(codeOf(() => new Writer().u64(2n ** 64n))).toBe('encode_range');
    expect(
      new Writer()
        .u64(2n ** 64n - 1n)
        .finish()
        .toString('hex'),
    ).toBe('ffffffffffffffff');
  });

  test('32-bit floats', () => {
    expect(new Reader(new Writer().f32(1.5).finish()).f32()).toBe(1.5);
  });
});

/**
 * The mirror of `Reader`: a growing buffer, big-endian unless a method says otherwise. Integers are checked against the width of
 * their field (`CodecError` `encode_range`), so that a value never wraps silently. Lengths and checksums are patched in afterwards.
 */
import { CodecError } from '../errors.js';

export class Writer {
  #bytes: Buffer;
  #length = 0;

  constructor(capacity = 256) {
    this.#bytes = Buffer.allocUnsafe(capacity);
  }

  get length(): number {
    return this.#length;
  }

  u8(value: number): this {
    check(value, 0, 0xff);
    this.#bytes.writeUInt8(value, this.#grow(1));
    return this;
  }

  i8(value: number): this {
    check(value, -0x80, 0x7f);
    this.#bytes.writeInt8(value, this.#grow(1));
    return this;
  }

  u16(value: number): this {
    check(value, 0, 0xffff);
    this.#bytes.writeUInt16BE(value, this.#grow(2));
    return this;
  }

  i16(value: number): this {
    check(value, -0x8000, 0x7fff);
    this.#bytes.writeInt16BE(value, this.#grow(2));
    return this;
  }

  u24(value: number): this {
    check(value, 0, 0xff_ffff);
    this.#bytes.writeUIntBE(value, this.#grow(3), 3);
    return this;
  }

  u32(value: number): this {
    check(value, 0, 0xffff_ffff);
    this.#bytes.writeUInt32BE(value, this.#grow(4));
    return this;
  }

  i32(value: number): this {
    check(value, -0x8000_0000, 0x7fff_ffff);
    this.#bytes.writeInt32BE(value, this.#grow(4));
    return this;
  }

  u48(value: number): this {
    check(value, 0, 0xffff_ffff_ffff);
    this.#bytes.writeUIntBE(value, this.#grow(6), 6);
    return this;
  }

  u64(value: bigint): this {
    if (value < 0n || value > 0xffff_ffff_ffff_ffffn) throw new CodecError('encode_range', { got: value.toString() });
    this.#bytes.writeBigUInt64BE(value, this.#grow(8));
    return this;
  }

  u64Number(value: number): this {
    check(value, 0, Number.MAX_SAFE_INTEGER);
    return this.u64(BigInt(value));
  }

  u16le(value: number): this {
    check(value, 0, 0xffff);
    this.#bytes.writeUInt16LE(value, this.#grow(2));
    return this;
  }

  u32le(value: number): this {
    check(value, 0, 0xffff_ffff);
    this.#bytes.writeUInt32LE(value, this.#grow(4));
    return this;
  }

  f32(value: number): this {
    this.#bytes.writeFloatBE(value, this.#grow(4));
    return this;
  }

  append(bytes: Uint8Array): this {
    this.#bytes.set(bytes, this.#grow(bytes.length));
    return this;
  }

  latin1(text: string): this {
    return this.append(Buffer.from(text, 'latin1'));
  }

  utf8(text: string): this {
    return this.append(Buffer.from(text, 'utf8'));
  }

  /** Overwrites two bytes at `offset`. */
  patchU16(offset: number, value: number): this {
    check(value, 0, 0xffff);
    this.#bytes.writeUInt16BE(value, offset);
    return this;
  }

  patchU32(offset: number, value: number): this {
    check(value, 0, 0xffff_ffff);
    this.#bytes.writeUInt32BE(value, offset);
    return this;
  }

  patchU8(offset: number, value: number): this {
    check(value, 0, 0xff);
    this.#bytes.writeUInt8(value, offset);
    return this;
  }

  /** A view of what is written so far; not to be kept. For checksums. */
  view(start = 0, end = this.#length): Buffer {
    return this.#bytes.subarray(start, end);
  }

  /** A copy of what is written. */
  finish(): Buffer {
    return Buffer.from(this.#bytes.subarray(0, this.#length));
  }

  #grow(count: number): number {
    const at = this.#length;
    const needed = at + count;
    if (needed > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
      this.#bytes.copy(larger, 0, 0, at);
      this.#bytes = larger;
    }
    this.#length = needed;
    return at;
  }
}

function check(value: number, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new CodecError('encode_range', { expected: `${min}..${max}`, got: value });
  }
}

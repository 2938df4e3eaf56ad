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
    const at = this.#grow(1);
    this.#bytes.writeUInt8(value, at);
    return this;
  }

  i8(value: number): this {
    check(value, -0x80, 0x7f);
    const at = this.#grow(1);
    this.#bytes.writeInt8(value, at);
    return this;
  }

  u16(value: number): this {
    check(value, 0, 0xffff);
    const at = this.#grow(2);
    this.#bytes.writeUInt16BE(value, at);
    return this;
  }

  i16(value: number): this {
    check(value, -0x8000, 0x7fff);
    const at = this.#grow(2);
    this.#bytes.writeInt16BE(value, at);
    return this;
  }

  u24(value: number): this {
    check(value, 0, 0xff_ffff);
    const at = this.#grow(3);
    this.#bytes.writeUIntBE(value, at, 3);
    return this;
  }

  u32(value: number): this {
    check(value, 0, 0xffff_ffff);
    const at = this.#grow(4);
    this.#bytes.writeUInt32BE(value, at);
    return this;
  }

  i32(value: number): this {
    check(value, -0x8000_0000, 0x7fff_ffff);
    const at = this.#grow(4);
    this.#bytes.writeInt32BE(value, at);
    return this;
  }

  u48(value: number): this {
    check(value, 0, 0xffff_ffff_ffff);
    const at = this.#grow(6);
    this.#bytes.writeUIntBE(value, at, 6);
    return this;
  }

  u64(value: bigint): this {
    if (value < 0n || value > 0xffff_ffff_ffff_ffffn) throw new CodecError('encode_range', { got: value.toString() });
    const at = this.#grow(8);
    this.#bytes.writeBigUInt64BE(value, at);
    return this;
  }

  u64Number(value: number): this {
    check(value, 0, Number.MAX_SAFE_INTEGER);
    return this.u64(BigInt(value));
  }

  u16le(value: number): this {
    check(value, 0, 0xffff);
    const at = this.#grow(2);
    this.#bytes.writeUInt16LE(value, at);
    return this;
  }

  u32le(value: number): this {
    check(value, 0, 0xffff_ffff);
    const at = this.#grow(4);
    this.#bytes.writeUInt32LE(value, at);
    return this;
  }

  f32(value: number): this {
    const at = this.#grow(4);
    this.#bytes.writeFloatBE(value, at);
    return this;
  }

  append(bytes: Uint8Array): this {
    const at = this.#grow(bytes.length);
    this.#bytes.set(bytes, at);
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

  /** Makes room for `count` bytes and returns their offset. May replace `#bytes`, so it comes before any use of it. */
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

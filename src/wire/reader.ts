/**
 * A bounds-checked cursor over one frame, big-endian unless a method says otherwise. A read past the end throws `CodecError`
 * `truncated`. One reader may serve many frames: `reset` points it at the next one. It keeps no bytes: texts and copies are new.
 */
import { CodecError, hexExcerpt } from '../errors.js';

export class Reader {
  bytes: Buffer;
  /** Offset of the next byte in `bytes`. */
  offset: number;
  /** First offset that may not be read. */
  end: number;

  constructor(bytes: Buffer, start = 0, end = bytes.length) {
    this.bytes = bytes;
    this.offset = start;
    this.end = end;
  }

  reset(bytes: Buffer, start = 0, end = bytes.length): this {
    this.bytes = bytes;
    this.offset = start;
    this.end = end;
    return this;
  }

  get left(): number {
    return this.end - this.offset;
  }

  /** Moves on by `count` bytes and returns the offset before. Throws `truncated`. */
  take(count: number): number {
    const at = this.offset;
    if (at + count > this.end) this.#truncated(count);
    this.offset = at + count;
    return at;
  }

  u8(): number {
    return this.bytes[this.take(1)] as number;
  }

  i8(): number {
    return (this.u8() << 24) >> 24;
  }

  u16(): number {
    const at = this.take(2);
    const b = this.bytes;
    return ((b[at] as number) << 8) | (b[at + 1] as number);
  }

  i16(): number {
    return (this.u16() << 16) >> 16;
  }

  u24(): number {
    const at = this.take(3);
    const b = this.bytes;
    return ((b[at] as number) << 16) | ((b[at + 1] as number) << 8) | (b[at + 2] as number);
  }

  i32(): number {
    const at = this.take(4);
    const b = this.bytes;
    return (
      ((b[at] as number) << 24) | ((b[at + 1] as number) << 16) | ((b[at + 2] as number) << 8) | (b[at + 3] as number)
    );
  }

  u32(): number {
    return this.i32() >>> 0;
  }

  u48(): number {
    return this.u16() * 0x1_0000_0000 + this.u32();
  }

  /** Exact up to 2^53; larger values lose their last digits, so use `u64` where all bits count. */
  u64Number(): number {
    return this.u32() * 0x1_0000_0000 + this.u32();
  }

  u64(): bigint {
    return this.bytes.readBigUInt64BE(this.take(8));
  }

  u16le(): number {
    return this.bytes.readUInt16LE(this.take(2));
  }

  u32le(): number {
    return this.bytes.readUInt32LE(this.take(4));
  }

  f32(): number {
    return this.bytes.readFloatBE(this.take(4));
  }

  /** A copy of the next `count` bytes. */
  copy(count: number): Buffer {
    const at = this.take(count);
    return Buffer.from(this.bytes.subarray(at, at + count));
  }

  latin1(count: number): string {
    const at = this.take(count);
    return this.bytes.toString('latin1', at, at + count);
  }

  utf8(count: number): string {
    const at = this.take(count);
    return this.bytes.toString('utf8', at, at + count);
  }

  /** The next `count` bytes as lower-case hex. */
  hex(count: number): string {
    const at = this.take(count);
    return this.bytes.toString('hex', at, at + count);
  }

  #truncated(count: number): never {
    throw new CodecError('truncated', {
      expected: `${count} more bytes`,
      got: this.left,
      offset: this.offset,
      hex: hexExcerpt(this.bytes),
    });
  }
}

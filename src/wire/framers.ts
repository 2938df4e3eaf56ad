/**
 * What a framer is and the parts framers are made of.
 */
import type { ErrorCode } from '../errors.js';

/** Splits the byte stream of one connection. `next` looks at `bytes[start, end)` and must not keep a view of it. */
export interface Framer {
  next(bytes: Buffer, start: number, end: number): Outcome;
}

export interface FramerLimits {
  /** A frame larger than this is skipped or refused with `frame_too_large`. Bytes. */
  readonly maxFrameBytes: number;
}

/**
 * What a framer finds. A framer owns one and reuses it; read it before the next call.
 * - `more`: no complete frame yet. The framer wants to be called again when more bytes are there.
 * - `frame`: a frame is in `[start, end)`.
 * - `skip`: bytes up to `end` are no frame. With `code` it is a fault (one strike); without, harmless filler (stray line ends).
 */
export class Outcome {
  kind: 'more' | 'frame' | 'skip' = 'more';
  start = 0;
  end = 0;
  code: ErrorCode | undefined = undefined;

  /** No complete frame yet. */
  more(): this {
    this.kind = 'more';
    this.code = undefined;
    return this;
  }

  /** A frame in `[start, end)`. */
  frame(start: number, end: number): this {
    this.kind = 'frame';
    this.start = start;
    this.end = end;
    this.code = undefined;
    return this;
  }

  /** Harmless filler in `[start, end)`. */
  filler(start: number, end: number): this {
    this.kind = 'skip';
    this.start = start;
    this.end = end;
    this.code = undefined;
    return this;
  }

  /** Bytes `[start, end)` are no frame: a fault. */
  fault(start: number, end: number, code: ErrorCode): this {
    this.kind = 'skip';
    this.start = start;
    this.end = end;
    this.code = code;
    return this;
  }
}

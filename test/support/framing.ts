/**
 * Drives a framer the way a connection does: chunks go into a receive buffer, frames and faults come out. Every promise a framer
 * makes about progress is checked on the way, so any test that frames bytes tests them.
 */
import type { ErrorCode } from '../../src/errors.js';
import type { Framer } from '../../src/wire/framers.js';
import { ReceiveBuffer } from '../../src/wire/receive-buffer.js';

export interface Framed {
  /** Copies of the frames, in order. */
  readonly frames: Buffer[];
  /** Codes of the faults, in order. */
  readonly faults: ErrorCode[];
  /** What is still waiting for more bytes. */
  readonly left: Buffer;
  /** Most bytes that waited at once. */
  readonly mostWaiting: number;
}

export const defaultLimits = { maxFrameBytes: 131_072 };
const bufferBytes = 1024 * 1024;

/** Frames of a stream that arrives in these chunks. */
export function frameChunks(framer: Framer, chunks: Iterable<Buffer>): Framed {
  const buffer = new ReceiveBuffer(bufferBytes);
  const frames: Buffer[] = [];
  const faults: ErrorCode[] = [];
  let mostWaiting = 0;
  for (const chunk of chunks) {
    if (chunk.length === 0) continue;
    if (!buffer.push(Buffer.from(chunk))) throw new Error('the framer lets the receive buffer overflow');
    while (buffer.length > 0) {
      const before = buffer.start;
      const found = framer.next(buffer.bytes, buffer.start, buffer.end);
      if (found.kind === 'more') break;
      const { kind, start, end, code } = found;
      if (start < before || end <= start || end > buffer.end) {
        throw new Error(
          `outcome ${kind} [${start}, ${end}) outside of [${before}, ${buffer.end}), or without progress`,
        );
      }
      if (kind === 'frame') frames.push(Buffer.from(buffer.bytes.subarray(start, end)));
      else if (code !== undefined) faults.push(code);
      buffer.consumeTo(end);
    }
    buffer.settle();
    mostWaiting = Math.max(mostWaiting, buffer.length);
  }
  return { frames, faults, left: Buffer.from(buffer.bytes.subarray(buffer.start, buffer.end)), mostWaiting };
}

/** `bytes` one by one. */
export function* singleBytes(bytes: Buffer): Generator<Buffer> {
  for (let i = 0; i < bytes.length; i++) yield bytes.subarray(i, i + 1);
}

/** `bytes` cut at these offsets. */
export function cutAt(bytes: Buffer, offsets: readonly number[]): Buffer[] {
  const cuts = [0, ...[...offsets].sort((a, b) => a - b), bytes.length];
  return cuts.slice(1).map((end, i) => bytes.subarray(cuts[i], end));
}

export function hexOf(buffers: readonly Buffer[]): string[] {
  return buffers.map((each) => each.toString('hex'));
}

/**
 * Bytes to frames: lines up to their LF, the block that follows some of them, and compressed containers. What cannot be the
 * beginning of a frame is skipped up to the next place where one may begin. Contents and checksums are not looked at.
 * Source: Wialon IPS 2.0, packet structure, compression, and packets with binary parts.
 */
import { type ErrorCode, FrameError, hexExcerpt } from '../../errors.js';
import { type Framer, type FramerLimits, Outcome } from '../../wire/framers.js';
import type { Detection } from '../protocol.js';
import { bodyOffset, char, senderOf } from './lines.js';
import {
  containerMark,
  hashFreeCodes,
  lineTable,
  maxBlockBytes,
  maxLineBytes,
  maxSilentBytes,
  openingCodes,
} from './spec.js';

/** Longest `version;id` before a `#`. */
const maxSenderBytes = 72;
const containerHeadBytes = 3;

/** Characters a sender prefix is made of. */
const senderBytes = new Uint8Array(256);
for (const each of Buffer.from('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_.:@;'))
  senderBytes[each] = 1;

export class WialonFramer implements Framer {
  readonly #outcome = new Outcome();
  readonly #maxLineBytes: number;
  readonly #maxFrameBytes: number;

  constructor(limits: FramerLimits) {
    this.#maxLineBytes = Math.min(maxLineBytes, limits.maxFrameBytes);
    this.#maxFrameBytes = limits.maxFrameBytes;
  }

  next(bytes: Buffer, start: number, end: number): Outcome {
    if (start >= end) return this.#outcome.more();
    const first = bytes[start];
    if (first === char.lf || first === char.cr) return this.#outcome.filler(start, skipLineEnds(bytes, start, end));
    if (first === containerMark) return this.#container(bytes, start, end);
    return this.#line(bytes, start, end);
  }

  #container(bytes: Buffer, start: number, end: number): Outcome {
    const verdict = containerAt(bytes, start, end);
    if (verdict === 'no') return this.#garbage(bytes, start, end);
    if (verdict === 'more') return this.#outcome.more();
    const frameEnd = start + containerHeadBytes + bytes.readUInt16LE(start + 1);
    if (frameEnd - start > this.#maxFrameBytes) return this.#outcome.fault(start, start + 1, 'frame_too_large');
    return frameEnd > end ? this.#outcome.more() : this.#outcome.frame(start, frameEnd);
  }

  #line(bytes: Buffer, start: number, end: number): Outcome {
    const hash = headEnd(bytes, start, end);
    if (hash === end && end - start <= maxSenderBytes) return this.#outcome.more();
    if (bytes[hash] !== char.hash || hash >= end) return this.#garbage(bytes, start, end);
    if (hash > start && senderOf(bytes.toString('latin1', start, hash)) === undefined)
      return this.#garbage(bytes, start, end);
    const body = bodyOffset(bytes, hash, end);
    if (body < 0) return this.#garbage(bytes, start, end);
    const lf = body === 0 ? -1 : bytes.indexOf(char.lf, body);
    if (lf < 0 || lf >= end) {
      return end - start > this.#maxLineBytes
        ? this.#outcome.fault(start, end, 'frame_too_large')
        : this.#outcome.more();
    }
    if (lf + 1 - start > this.#maxLineBytes) return this.#outcome.fault(start, lf + 1, 'frame_too_large');
    const code = bytes.toString('latin1', hash + 1, body - 1);
    const cut = hashFreeCodes.has(code) ? lineInside(bytes, body, lf) : -1;
    if (cut >= 0) return this.#outcome.fault(start, cut, 'garbage');
    const row = lineTable[code];
    if (row?.sizeField === undefined) return this.#outcome.frame(start, lf + 1);
    const limit = row.from === 'server' ? this.#maxFrameBytes : Math.min(maxBlockBytes, this.#maxFrameBytes);
    const blockBytes = announcedBytes(bytes.toString('latin1', body, lf), row.sizeField);
    if (blockBytes > limit) return this.#outcome.fault(start, lf + 1, 'frame_too_large');
    return lf + 1 + blockBytes > end ? this.#outcome.more() : this.#outcome.frame(start, lf + 1 + blockBytes);
  }

  /** Skips to where a frame may begin next; waits for such a place as long as the garbage is short. */
  #garbage(bytes: Buffer, start: number, end: number): Outcome {
    const next = nextCandidate(bytes, start + 1, end);
    if (next < end || end - start > maxSilentBytes) return this.#outcome.fault(start, next, 'garbage');
    return bytes[end - 1] === char.lf ? this.#outcome.fault(start, end, 'garbage') : this.#outcome.more();
  }
}

function skipLineEnds(bytes: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end && (bytes[at] === char.lf || bytes[at] === char.cr)) at++;
  return at;
}

/** Offset of the first byte that cannot be in a sender prefix, or where the prefix grows too long. */
function headEnd(bytes: Buffer, start: number, end: number): number {
  const limit = Math.min(end, start + maxSenderBytes + 1);
  let at = start;
  while (at < limit && senderBytes[bytes[at] as number] === 1) at++;
  return at;
}

/** Whether a container begins at `at`: its mark, its length, and the two bytes of a zlib header (RFC 1950, 2.2). */
function containerAt(bytes: Buffer, at: number, end: number): Detection {
  if (bytes[at] !== containerMark) return 'no';
  if (at + 3 >= end) return 'more';
  const method = bytes[at + 3] as number;
  if ((method & 0x0f) !== 8) return 'no';
  if (at + 4 >= end) return 'more';
  return (method * 256 + (bytes[at + 4] as number)) % 31 === 0 ? 'yes' : 'no';
}

/** Next offset at or after `from` where a frame may begin: behind a line end, at a `#CODE#`, at a container. */
function nextCandidate(bytes: Buffer, from: number, end: number): number {
  for (let at = from; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte === char.lf) return at + 1;
    if (byte === char.hash && bodyOffset(bytes, at, end) >= 0) return at;
    if (byte === containerMark && containerAt(bytes, at, end) !== 'no') return at;
  }
  return end;
}

/** Offset of a `#CODE#` within the body in `[body, lf)`, or -1. */
function lineInside(bytes: Buffer, body: number, lf: number): number {
  for (let at = bytes.indexOf(char.hash, body); at >= 0 && at < lf; at = bytes.indexOf(char.hash, at + 1)) {
    if (bodyOffset(bytes, at, lf) > 0) return at;
  }
  return -1;
}

/** Size of the block that a header line announces; 0 where it says none that can be read. */
function announcedBytes(body: string, sizeField: number): number {
  const word = body.split(';')[sizeField]?.trim() ?? '';
  return /^\d{1,9}$/.test(word) ? Number(word) : 0;
}

export interface SplitOptions {
  /** Whether frames behind garbage count: in a datagram nobody could tell whose they are. */
  readonly garbage: 'skip' | 'stop';
  readonly maxFrames?: number;
}

/**
 * Splits bytes that are complete, a datagram or the content of a container: their end ends the last line too. Throws `FrameError`
 * when there is no frame at all or the last one is cut off.
 */
export function splitFrames(bytes: Buffer, limits: FramerLimits, options: SplitOptions): Buffer[] {
  const { garbage, maxFrames = Number.POSITIVE_INFINITY } = options;
  const framer = new WialonFramer(limits);
  const frames: Buffer[] = [];
  let fault: ErrorCode = 'garbage';
  let at = 0;
  while (at < bytes.length && frames.length < maxFrames) {
    const outcome = framer.next(bytes, at, bytes.length);
    if (outcome.kind === 'more') {
      frames.push(lastFrame(bytes.subarray(at)));
      return frames;
    }
    if (outcome.kind === 'frame') frames.push(bytes.subarray(outcome.start, outcome.end));
    fault = outcome.code ?? fault;
    at = outcome.end;
    if (garbage === 'stop' && outcome.code !== undefined) break;
  }
  if (frames.length === 0) throw new FrameError(fault, { hex: hexExcerpt(bytes) });
  return frames;
}

/** What is left at the end: a line without its line end, or a frame that lacks bytes. */
function lastFrame(rest: Buffer): Buffer {
  if (rest[0] === containerMark || rest.includes(char.lf))
    throw new FrameError('frame_length', { hex: hexExcerpt(rest) });
  return rest;
}

/**
 * Splits a datagram, up to what is no frame. The sender stands before the first line; lines after it that name none are from the same sender.
 * Source: Wialon IPS 2.0, transfer over UDP.
 */
export function splitDatagram(datagram: Buffer, limits: FramerLimits): Buffer[] {
  const frames = splitFrames(datagram, limits, { garbage: 'stop' });
  const first = frames[0] as Buffer;
  const hash = first[0] === containerMark ? 0 : first.indexOf(char.hash);
  if (hash <= 0) return frames;
  const sender = first.subarray(0, hash);
  return frames.map((frame) => (frame[0] === char.hash ? Buffer.concat([sender, frame]) : frame));
}

/** Whether a connection's first bytes are this protocol's. A single 0xFF is not told apart from other protocols' pings. */
export function detect(bytes: Buffer): Detection {
  const end = Math.min(bytes.length, 64);
  if (end === 0) return 'more';
  if (bytes[0] === containerMark) return containerAt(bytes, 0, end);
  const hash = headEnd(bytes, 0, end);
  if (hash === end) return end < 64 ? 'more' : 'no';
  if (bytes[hash] !== char.hash || (hash > 0 && senderOf(bytes.toString('latin1', 0, hash)) === undefined)) return 'no';
  const body = bodyOffset(bytes, hash, end);
  if (body === 0) return end < 64 ? 'more' : 'no';
  return body > 0 && openingCodes.has(bytes.toString('latin1', hash + 1, body - 1)) ? 'yes' : 'no';
}

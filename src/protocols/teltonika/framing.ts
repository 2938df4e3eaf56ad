/**
 * Splits what a unit sends into frames: logins, pings, and data frames whose checksum is verified here, so that what comes out of the
 * framer is sound. Datagrams are split by their own length.
 *
 * What follows bytes that are no frame cannot be trusted to start at a boundary: they are skipped up to the next place that looks
 * like a login or a data frame of a known codec, to the end when there is none.
 *
 * Source: Teltonika wiki, "Teltonika Data Sending Protocols", TCP and UDP.
 */
import { FrameError, hexExcerpt } from '../../errors.js';
import { crc16Arc } from '../../wire/checksum.js';
import { type Framer, type FramerLimits, Outcome } from '../../wire/framers.js';
import type { Detection } from '../protocol.js';
import { checksumBytes, codecId, headBytes, maxDataBytes, maxImeiDigits } from './spec.js';

export const pingByte = 0xff;
const knownCodecs = new Set<number>(Object.values(codecId));

/** Whether four bytes at `at` are the preamble of a data frame. */
export function isPreamble(bytes: Buffer, at: number): boolean {
  return bytes[at] === 0 && bytes[at + 1] === 0 && bytes[at + 2] === 0 && bytes[at + 3] === 0;
}

/** Whether the checksum of the data frame `[start, end)` is right, all 32 bits of it. */
export function hasGoodChecksum(bytes: Buffer, start: number, end: number): boolean {
  const dataEnd = end - checksumBytes;
  return crc16Arc(bytes, start + headBytes, dataEnd) === bytes.readUInt32BE(dataEnd);
}

/** Whether `[start, end)` holds digits only. */
export function areDigits(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte < 0x30 || byte > 0x39) return false;
  }
  return true;
}

export class TeltonikaFramer implements Framer {
  readonly #outcome = new Outcome();
  readonly #maxDataBytes: number;

  constructor(limits: FramerLimits) {
    this.#maxDataBytes = Math.min(maxDataBytes, limits.maxFrameBytes - headBytes - checksumBytes);
  }

  next(bytes: Buffer, start: number, end: number): Outcome {
    if (start >= end) return this.#outcome.more();
    const first = bytes[start];
    if (first === pingByte) return this.#outcome.frame(start, start + 1);
    if (first !== 0) return this.#fault(bytes, start, end);
    if (end - start < 2) return this.#outcome.more();
    return bytes[start + 1] === 0 ? this.#nextData(bytes, start, end) : this.#nextLogin(bytes, start, end);
  }

  #nextLogin(bytes: Buffer, start: number, end: number): Outcome {
    const digits = bytes[start + 1] as number;
    const loginEnd = start + 2 + digits;
    if (digits > maxImeiDigits || !areDigits(bytes, start + 2, Math.min(loginEnd, end))) {
      return this.#fault(bytes, start, end);
    }
    return loginEnd <= end ? this.#outcome.frame(start, loginEnd) : this.#outcome.more();
  }

  #nextData(bytes: Buffer, start: number, end: number): Outcome {
    for (let at = start + 2; at < Math.min(start + 4, end); at++) {
      if (bytes[at] !== 0) return this.#fault(bytes, start, end);
    }
    if (end - start < headBytes) return this.#outcome.more();
    const length = bytes.readUInt32BE(start + 4);
    if (length === 0 || length > this.#maxDataBytes) {
      this.#fault(bytes, start, end);
      this.#outcome.code = length === 0 ? 'frame_length' : 'frame_too_large';
      return this.#outcome;
    }
    const frameEnd = start + headBytes + length + checksumBytes;
    if (frameEnd > end) return this.#outcome.more();
    if (!hasGoodChecksum(bytes, start, frameEnd)) return this.#outcome.fault(start, frameEnd, 'checksum');
    return this.#outcome.frame(start, frameEnd);
  }

  #fault(bytes: Buffer, start: number, end: number): Outcome {
    let at = start + 1;
    while (at < end && !this.#mayStart(bytes, at, end)) at++;
    return this.#outcome.fault(start, at, 'garbage');
  }

  /** Whether the bytes from `at` on, as far as they are there, can be a login or a data frame of a known codec. */
  #mayStart(bytes: Buffer, at: number, end: number): boolean {
    if (bytes[at] !== 0) return false;
    if (at + 1 >= end) return true;
    if (bytes[at + 1] === 15) return areDigits(bytes, at + 2, Math.min(at + 17, end));
    for (let i = at + 1; i < Math.min(at + 4, end); i++) if (bytes[i] !== 0) return false;
    if (end - at < headBytes) return true;
    const length = bytes.readUInt32BE(at + 4);
    if (length === 0 || length > this.#maxDataBytes) return false;
    return end - at === headBytes || knownCodecs.has(bytes[at + headBytes] as number);
  }
}

/**
 * Splits a datagram: each part says how long it is. Units are known to send one; a data frame in its TCP form is let through as it is.
 * Throws `FrameError` `frame_length` or `frame_too_large`, and `checksum` for the TCP form.
 */
export function splitDatagram(datagram: Buffer, limits: FramerLimits): Buffer[] {
  const frames: Buffer[] = [];
  for (let at = 0; at < datagram.length; ) {
    const end = at + partLength(datagram, at);
    if (end > datagram.length) throw lengthError(datagram, at, end - at);
    if (end - at > Math.min(limits.maxFrameBytes, maxDataBytes + 2 * maxImeiDigits)) {
      throw new FrameError('frame_too_large', { expected: limits.maxFrameBytes, got: end - at, offset: at });
    }
    frames.push(datagram.subarray(at, end));
    at = end;
  }
  return frames;
}

function partLength(datagram: Buffer, at: number): number {
  const left = datagram.length - at;
  if (datagram[at] === pingByte) return 1;
  if (left < 2) throw lengthError(datagram, at, 2);
  const length = datagram.readUInt16BE(at);
  if (length !== 0) return 2 + length;
  if (left < headBytes + checksumBytes || !isPreamble(datagram, at)) throw lengthError(datagram, at, 0);
  const end = at + headBytes + datagram.readUInt32BE(at + 4) + checksumBytes;
  if (end > datagram.length) throw lengthError(datagram, at, end - at);
  if (!hasGoodChecksum(datagram, at, end)) throw new FrameError('checksum', { offset: at, hex: hexExcerpt(datagram) });
  return end - at;
}

function lengthError(datagram: Buffer, at: number, expected: number): FrameError {
  return new FrameError('frame_length', { expected, got: datagram.length - at, offset: at, hex: hexExcerpt(datagram) });
}

/** A connection starts with the login of 15 digits, or (against the rules, after a reconnect) with a data frame. */
export function detect(bytes: Buffer): Detection {
  if (bytes.length === 0) return 'more';
  if (bytes[0] !== 0) return 'no';
  if (bytes.length === 1) return 'more';
  if (bytes[1] === 15) {
    if (!areDigits(bytes, 2, Math.min(bytes.length, 17))) return 'no';
    return bytes.length >= 17 ? 'yes' : 'more';
  }
  for (let at = 1; at < Math.min(4, bytes.length); at++) if (bytes[at] !== 0) return 'no';
  if (bytes.length < headBytes) return 'more';
  const length = bytes.readUInt32BE(4);
  return length > 0 && length <= maxDataBytes ? 'yes' : 'no';
}

/**
 * GT06 bytes to frames. The length byte is believed when the frame it announces ends in CR LF; otherwise the frame ends at the first CR LF
 * behind a checksum that holds, for clones whose length byte is wrong. A wrong checksum of a well-delimited frame is left to the codec
 * to refuse.
 *
 * Invariant: while a frame is incomplete, bytes inside it that are a whole frame with a good checksum end the wait: what was taken for
 * a header was none.
 */
import { crc16X25 } from '../../wire/checksum.js';
import { type Framer, type FramerLimits, Outcome } from '../../wire/framers.js';

export const shortMark = 0x78;
export const longMark = 0x79;
const cr = 0x0d;
const lf = 0x0a;

/** Bytes around the content of a frame: marks, length, protocol number before; serial number, checksum, CR LF behind. */
export const shortHead = 4;
export const longHead = 5;
export const tailBytes = 6;

const shortestShort = 10;
const longestShort = 260;
const longestLong = 8192;
/** How far the length of a long frame may be off. */
const endTolerance = 8;
/** Messages that may be longer: media, files, photos and serial data. */
const transfers = [0x35, 0x36, 0x41, 0x8d, 0x9b];
const isTransfer = (protocol: number | undefined): boolean => protocol !== undefined && transfers.includes(protocol);

/** Messages that clones send without serial number and checksum. */
const bareLocations = [0x10, 0x11];
const watchWifi = [0x17, 0x69];

function isMark(bytes: Buffer, at: number): boolean {
  const first = bytes[at];
  return (first === shortMark || first === longMark) && bytes[at + 1] === first;
}

function isEnd(bytes: Buffer, at: number): boolean {
  return bytes[at] === cr && bytes[at + 1] === lf;
}

/** True when the checksum behind the serial number of the frame in `[start, end)` holds. */
export function isChecksumGood(bytes: Buffer, start: number, end: number): boolean {
  return end - start >= shortestShort && crc16X25(bytes, start + 2, end - 4) === bytes.readUInt16BE(end - 4);
}

/** End that the length of the frame at `start` announces; 0 when the length itself is not yet there. */
function announcedEnd(bytes: Buffer, start: number, end: number): number {
  if (bytes[start] === shortMark) return start + 2 < end ? start + (bytes[start + 2] as number) + 5 : 0;
  return start + 3 < end ? start + bytes.readUInt16BE(start + 2) + 6 : 0;
}

/**
 * End of a watch-type Wi-Fi frame at `start`, by the numbers of access points and cells in it; 0 when it is none or not complete.
 * Layout: marks, number of access points, protocol number, time[6], access points[7 each], number of cells, MCC[2], MNC[1], cells[5 each].
 */
function watchWifiEnd(bytes: Buffer, start: number, end: number): number {
  if (bytes[start] !== shortMark || !watchWifi.includes(bytes[start + 3] ?? 0)) return 0;
  const cellsAt = start + 10 + (bytes[start + 2] as number) * 7;
  if (isEnd(bytes, cellsAt) && cellsAt + 2 <= end) return cellsAt + 2;
  const stop = cellsAt < end ? cellsAt + 4 + (bytes[cellsAt] as number) * 5 + 2 : 0;
  return stop > 0 && stop <= end && isEnd(bytes, stop - 2) ? stop : 0;
}

/** Content sizes of bare locations: time and GPS, the same with three bytes of unknown meaning, and with a cell. */
const bareSizes = [18, 21, 28];

/**
 * End of a location without serial number and checksum at `start`, 0 when it is none. Its length byte counts the content, which that
 * of a frame with a checksum never does, and another frame or nothing follows.
 */
function bareLocationEnd(bytes: Buffer, start: number, end: number): number {
  const size = bytes[start + 2] ?? 0;
  if (bytes[start] !== shortMark || !bareLocations.includes(bytes[start + 3] ?? 0) || !bareSizes.includes(size))
    return 0;
  const stop = start + shortHead + size + 2;
  return stop <= end && isEnd(bytes, stop - 2) && (stop === end || isMark(bytes, stop)) ? stop : 0;
}

/** True for frames of the shapes that clones send without serial number and checksum. */
export function isBareShape(frame: Buffer): boolean {
  const end = frame.length;
  return end > 0 && (watchWifiEnd(frame, 0, end) === end || bareLocationEnd(frame, 0, end) === end);
}

class Gt06Framer implements Framer {
  readonly #outcome = new Outcome();
  readonly #maxFrameBytes: number;
  /** How far into the pending bytes the search for marks inside them has come. */
  #probedTo = 1;
  /** Marks inside the pending bytes whose frames are not complete. Kept, so that no byte is searched twice. */
  #candidates: { readonly at: number; readonly size: number }[] = [];
  /** How far into the pending bytes the search for another end has come. */
  #soughtTo = 0;

  constructor(limits: FramerLimits) {
    this.#maxFrameBytes = limits.maxFrameBytes;
  }

  next(bytes: Buffer, start: number, end: number): Outcome {
    if (start >= end) return this.#outcome.more();
    if (end - start === 1) return this.#lonely(bytes, start, end);
    if (!isMark(bytes, start)) return this.#skip(bytes, start, end);
    const stop = announcedEnd(bytes, start, end);
    if (stop === 0) return this.#outcome.more();
    const limit = Math.min(this.#maxFrameBytes, longestFrame(bytes, start, end));
    if (stop - start > limit)
      return this.#give(this.#outcome.fault(start, this.#nextMark(bytes, start + 1, end), 'frame_too_large'));
    if (stop <= end && isEnd(bytes, stop - 2) && stop - start >= shortestShort)
      return this.#whole(bytes, start, stop, end);
    return this.#odd(bytes, start, stop, end);
  }

  /**
   * A frame that ends where its length says. With a wrong checksum it may be a Wi-Fi frame that goes on, since its length byte counts
   * access points, or bytes that look like a header before a frame that is good.
   */
  #whole(bytes: Buffer, start: number, stop: number, end: number): Outcome {
    if (!isChecksumGood(bytes, start, stop)) {
      const wifi = watchWifiEnd(bytes, start, end);
      if (wifi > stop) return this.#give(this.#outcome.frame(start, wifi));
      const inner = this.#innerFrame(bytes, start, stop);
      if (inner > 0) return this.#give(this.#outcome.fault(start, inner, 'frame_length'));
    }
    return this.#give(this.#outcome.frame(start, stop));
  }

  /** The announced end is not there, or is no end. */
  #odd(bytes: Buffer, start: number, stop: number, end: number): Outcome {
    const bare = watchWifiEnd(bytes, start, end) || bareLocationEnd(bytes, start, end);
    if (bare > 0) return this.#give(this.#outcome.frame(start, bare));
    const widest = bytes[start] === shortMark ? Math.max(stop, start + longestShort) : stop + endTolerance;
    const reach = Math.min(end, widest);
    const inner = this.#innerFrame(bytes, start, reach);
    const other = this.#otherEnd(bytes, start, stop, inner > 0 ? inner : reach);
    if (other > 0) return this.#give(this.#outcome.frame(start, other));
    if (inner > 0) return this.#give(this.#outcome.fault(start, inner, 'frame_length'));
    if (end < widest) return this.#outcome.more();
    return this.#give(this.#outcome.fault(start, this.#nextMark(bytes, start + 1, end), 'frame_length'));
  }

  /**
   * End of the frame at `start` by a good checksum before CR LF, 0 when there is none before `end`. Short frames are searched through,
   * long ones near the announced end only, since every candidate costs a checksum.
   */
  #otherEnd(bytes: Buffer, start: number, stop: number, end: number): number {
    const isShort = bytes[start] === shortMark;
    const first = isShort ? start + shortestShort - 2 : stop - 2 - endTolerance;
    const until = Math.min(end, isShort ? start + longestShort : stop + endTolerance);
    for (let at = Math.max(first, start + this.#soughtTo); at + 1 < until; at++) {
      if (isEnd(bytes, at) && isChecksumGood(bytes, start, at + 2)) return at + 2;
    }
    this.#soughtTo = Math.max(this.#soughtTo, until - 1 - start);
    return 0;
  }

  /** Start of the first whole frame with a good checksum inside the pending bytes, 0 when there is none yet. */
  #innerFrame(bytes: Buffer, start: number, end: number): number {
    this.#collect(bytes, start, end);
    let found = 0;
    this.#candidates = this.#candidates.filter(({ at, size }) => {
      const stop = start + at + size;
      if (found > 0 || stop > end) return true;
      if (isEnd(bytes, stop - 2) && isChecksumGood(bytes, start + at, stop)) found = start + at;
      return false;
    });
    return found;
  }

  /** Notes the marks among the bytes that are new, with the sizes that stand behind them. Offsets count from `start`. */
  #collect(bytes: Buffer, start: number, end: number): void {
    let at = start + this.#probedTo;
    for (; at + 1 < end; at++) {
      if (!isMark(bytes, at)) continue;
      const stop = announcedEnd(bytes, at, end);
      if (stop === 0) break;
      const size = stop - at;
      if (size >= shortestShort && size <= longestFrame(bytes, at, end))
        this.#candidates.push({ at: at - start, size });
    }
    this.#probedTo = Math.max(1, at - start);
  }

  /** Line ends between frames are harmless; other bytes outside a frame are not. */
  #skip(bytes: Buffer, start: number, end: number): Outcome {
    if (isEnd(bytes, start)) return this.#give(this.#outcome.filler(start, start + 2));
    return this.#give(this.#outcome.fault(start, this.#nextMark(bytes, start + 1, end), 'garbage'));
  }

  #lonely(bytes: Buffer, start: number, end: number): Outcome {
    const byte = bytes[start];
    if (byte === shortMark || byte === longMark || byte === cr) return this.#outcome.more();
    return this.#give(this.#outcome.fault(start, end, 'garbage'));
  }

  /** The next place where a frame may start, from `from` on. A last byte that may be half a mark stays. */
  #nextMark(bytes: Buffer, from: number, end: number): number {
    for (let at = from; at < end - 1; at++) {
      if (isMark(bytes, at)) return at;
    }
    const byte = bytes[end - 1];
    return end > from && (byte === shortMark || byte === longMark) ? end - 1 : end;
  }

  /** Forgets what was learned about the bytes that were pending. */
  #give(outcome: Outcome): Outcome {
    this.#probedTo = 1;
    this.#soughtTo = 0;
    if (this.#candidates.length > 0) this.#candidates = [];
    return outcome;
  }
}

/** Largest size of the frame at `start`, by its form and message. */
function longestFrame(bytes: Buffer, start: number, end: number): number {
  if (bytes[start] === shortMark) return longestShort;
  return isTransfer(start + 4 < end ? bytes[start + 4] : undefined) ? 0xffff + 6 : longestLong;
}

export function createFramer(limits: FramerLimits): Framer {
  return new Gt06Framer(limits);
}

/**
 * Parts of GT06 content whose reading depends on what they hold themselves: length-prefixed parts, cells behind a type byte, command
 * texts. Like the plain blocks, each reads and writes from one declaration.
 */
import type { Reader } from '../../wire/reader.js';
import { type Field, hexBytes, struct, u8, u16, u24, u32 } from '../../wire/struct.js';
import type { Writer } from '../../wire/writer.js';
import { accessPoint, clock, neighbour, networkCode, rest, wideNumber } from './blocks.js';
import type { AccessPoint, Cell, Clock, Content, FixedPart, Neighbour, NetworkCode, TypedCell } from './message.js';

/** A part behind its length in bytes; length 0 says that there is none. Bytes beyond the known are kept. */
export function fixedPart<T>(field: Field<T>): Field<FixedPart<T>> {
  const extraField = rest();
  return {
    width: undefined,
    read(r) {
      const length = r.u8();
      if (length === 0) return { value: undefined, extra: undefined };
      return within(r, length, () => ({ value: field.read(r), extra: extraField.read(r) }));
    },
    write(w, { value, extra }) {
      counted(w, () => {
        if (value !== undefined) field.write(w, value);
        extraField.write(w, extra);
      });
    },
  };
}

/** Runs `read` with only the next `length` bytes in reach. */
function within<T>(r: Reader, length: number, read: () => T): T {
  const { end } = r;
  const partEnd = r.take(length) + length;
  r.offset = partEnd - length;
  r.end = partEnd;
  try {
    return read();
  } finally {
    r.end = end;
  }
}

/** Runs `write` behind a byte that counts what it writes. */
function counted(w: Writer, write: () => void): void {
  const at = w.length;
  w.u8(0);
  write();
  w.patchU8(at, w.length - at - 1);
}

/** A cell behind a length that counts itself: what exceeds nine bytes is kept as it is. */
export function lengthCell(cell: Field<Cell>): Field<NonNullable<Content['lengthCell']>> {
  return {
    width: undefined,
    read(r) {
      const length = r.u8();
      const value = cell.read(r);
      return { length, cell: value, extra: length > 9 ? r.hex(length - 9) : undefined };
    },
    write(w, { length, cell: value, extra }) {
      w.u8(length);
      cell.write(w, value);
      if (extra !== undefined) w.append(Buffer.from(extra, 'hex'));
    },
  };
}

const lteKind = 3;
const plmn = networkCode();
const narrowNumbers = { lac: u16(), cid: u24() as Field<Cell['cid']>, rssi: u8() };
const wideNumbers = { lac: u32(), cid: wideNumber, rssi: u16() };

/** A cell behind its type: from 3 on the numbers are those of LTE. */
export const typedCell: Field<TypedCell> = {
  width: undefined,
  read(r) {
    const kind = r.u8();
    const network = plmn.read(r);
    const numbers = kind >= lteKind ? wideNumbers : narrowNumbers;
    return { kind, ...network, lac: numbers.lac.read(r), cid: numbers.cid.read(r), rssi: numbers.rssi.read(r) };
  },
  write(w, value) {
    const numbers = value.kind >= lteKind ? wideNumbers : narrowNumbers;
    w.u8(value.kind);
    plmn.write(w, value);
    numbers.lac.write(w, value.lac);
    numbers.cid.write(w, value.cid);
    numbers.rssi.write(w, value.rssi);
  },
};

/** A driver behind a length that counts the type byte; length 0 is no driver. */
export const sizedDriver: Field<NonNullable<Content['driver']>> = {
  width: undefined,
  read(r) {
    const length = r.u8();
    if (length === 0) return { kind: undefined, id: '' };
    return within(r, length, () => ({ kind: r.u8(), id: r.hex(r.left) }));
  },
  write(w, value) {
    counted(w, () => {
      if (value.kind !== undefined) w.u8(value.kind).append(Buffer.from(value.id, 'hex'));
    });
  },
};

const phoneWidth = 21;

/** A phone number, filled up to 21 characters. */
export const phone: Field<string> = {
  width: phoneWidth,
  read: (r) => r.latin1(phoneWidth),
  write: (w, text) => void w.latin1(text.padEnd(phoneWidth, '\0').slice(0, phoneWidth)),
};

/** Text of a command or its reply, behind a byte that counts it and the server flag before it. */
export const flaggedText: Field<{ flag: number; text: string }> = {
  width: undefined,
  read(r) {
    const length = r.u8();
    const flag = r.u32();
    return { flag, text: r.latin1(Math.max(0, length - 4)) };
  },
  write: (w, { flag, text }) =>
    void w
      .u8(4 + text.length)
      .u32(flag)
      .latin1(text),
};

const utf16 = 2;

/** Reply of the newer models: flag, encoding (1 ASCII, 2 UTF-16 big-endian), text to the end. */
export const encodedText: Field<{ flag: number; encoding: number; text: string }> = {
  width: undefined,
  read(r) {
    const flag = r.u32();
    const encoding = r.u8();
    if (encoding !== utf16 || r.left % 2 !== 0) return { flag, encoding, text: r.latin1(r.left) };
    return { flag, encoding, text: r.copy(r.left).swap16().toString('utf16le') };
  },
  write(w, { flag, encoding, text }) {
    w.u32(flag).u8(encoding);
    if (encoding === utf16) w.append(Buffer.from(text, 'utf16le').swap16());
    else w.latin1(text);
  },
};

/** Access points of the watch-type clones: their number is the length byte of the frame, at offset 2. */
export const watchAccessPoints: Field<readonly AccessPoint[]> = {
  width: undefined,
  read: (r) => Array.from({ length: r.bytes[2] ?? 0 }, () => accessPoint.read(r)),
  write(w, points) {
    for (const each of points) accessPoint.write(w, each);
  },
};

const watchNeighbour = neighbour({ lac: 2, cid: 2 });

/** Cells of one network, their number before it. */
export const cellGroup: Field<{ network: NetworkCode; cells: readonly Neighbour[] }> = {
  width: undefined,
  read(r) {
    const count = r.u8();
    const network = plmn.read(r);
    return { network, cells: Array.from({ length: count }, () => watchNeighbour.read(r)) };
  },
  write(w, { network, cells }) {
    w.u8(cells.length);
    plmn.write(w, network);
    for (const each of cells) watchNeighbour.write(w, each);
  },
};

const exclamation = 0x21;

/** A time that a text beginning with `!` goes without. */
export const clockUnlessText: Field<Clock | undefined> = {
  width: undefined,
  read: (r) => (r.left > 6 && r.bytes[r.offset] !== exclamation ? clock().read(r) : undefined),
  write(w, value) {
    if (value !== undefined) clock().write(w, value);
  },
};

/** A key as its reader sends it: header, type, number, check byte. */
export const keyBytes = struct('key', { header: u8(), kind: u8(), id: hexBytes(4), check: u8() });

/** Number of ADC words, from bits 20-23 of the port word that stands six bytes before them. */
export const adcWords: Field<readonly number[]> = {
  width: undefined,
  read(r) {
    const portWord = r.bytes.readUInt32BE(r.offset - 6);
    return Array.from({ length: (portWord >>> 20) & 15 }, () => r.u16() / 100);
  },
  write(w, volts) {
    for (const each of volts) w.u16(Math.round(each * 100));
  },
};

/** Year, month and day of this century are at `at`. */
export function isDate(frame: Buffer, at: number): boolean {
  const [year = 0, month = 0, day = 0] = frame.subarray(at, at + 3);
  return year <= 99 && month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

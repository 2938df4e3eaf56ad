/**
 * The building blocks that GT06 layouts are made of: times, the GPS block, cells, status bits, and parts that are there only while
 * bytes are left. Each is a field of the struct kit, so that reading and writing come from one declaration.
 */
import { CodecError } from '../../errors.js';
import type { Reader } from '../../wire/reader.js';
import { type Field, struct, u8, u16, u24, u32 } from '../../wire/struct.js';
import type { AccessPoint, Alarm, Cell, Clock, Neighbour, NetworkCode, WideNumber } from './message.js';

type BitTable = Record<string, readonly [shift: number] | readonly [shift: number, width: number]>;
type BitsOf<T extends BitTable> = { -readonly [K in keyof T]: T[K] extends readonly [number] ? boolean : number };

/**
 * The bits of a number as named parts: `[shift]` is a flag, `[shift, width]` a number. The reader is generated once, as those of
 * structs are, since every location message passes here twice.
 */
export function bitFields<const T extends BitTable>(raw: Field<number>, table: T): Field<BitsOf<T>> {
  const parts = Object.entries(table).map(([name, [shift, width]]) => ({ name, shift, width }));
  const sources = parts.map(({ name, shift, width }) => {
    const masked = `raw >>> ${shift} & ${2 ** (width ?? 1) - 1}`;
    return `${JSON.stringify(name)}: ${width === undefined ? `(${masked}) === 1` : masked}`;
  });
  const split = new Function('raw', `return { ${sources.join(', ')} };`) as (raw: number) => BitsOf<T>;
  return {
    width: raw.width,
    read: (r) => split(raw.read(r)),
    write(w, value) {
      let sum = 0;
      for (const { name, shift, width } of parts) {
        const part = Number((value as Record<string, number | boolean>)[name]);
        if (!(part >= 0 && part < 2 ** (width ?? 1))) throw new CodecError('encode_range', { at: name, got: part });
        sum += part * 2 ** shift;
      }
      raw.write(w, sum);
    },
  };
}

/** What a number reads as when all its bits are set: the unit has no value for it. */
export const absent = {
  level: 0xff,
  centivolts: 655.35,
  decivolts: 25.5,
  odometerKm: 4_294_967.295,
  engineHours: 0xff_ffff / 60,
  temperatureC: 214_748_364.7,
  humidityPercent: 429_496_729.5,
} as const;

/**
 * A number that is written as `none` when there is no value. It reads as that number too, so that an optional part that holds it is told
 * from one that is not there; the mapping drops it.
 */
export function absentAs(field: Field<number>, none: number): Field<number | undefined> {
  return { width: field.width, read: (r) => field.read(r), write: (w, value) => field.write(w, value ?? none) };
}

/** A part that stands only when at least `needed` bytes of the content are left (default: its own width). */
export function optional<T>(field: Field<T>, needed = field.width ?? 1): Field<T | undefined> {
  return when(field, (r) => r.left >= needed);
}

/** A part that stands only when exactly its own width is left. */
export function last<T>(field: Field<T>): Field<T | undefined> {
  return when(field, (r) => r.left === field.width);
}

/** A part that stands only when `isThere` says so. */
export function when<T>(field: Field<T>, isThere: (reader: Reader) => boolean): Field<T | undefined> {
  return {
    width: undefined,
    read: (r) => (isThere(r) ? field.read(r) : undefined),
    write(w, value) {
      if (value !== undefined) field.write(w, value);
    },
  };
}

/** All bytes left but the last `keep`, as hex; undefined when there are none. */
export function rest(keep = 0): Field<string | undefined> {
  return {
    width: undefined,
    read: (r) => (r.left > keep ? r.hex(r.left - keep) : undefined),
    write(w, hex) {
      if (hex !== undefined) w.append(Buffer.from(hex, 'hex'));
    },
  };
}

/** All bytes left but the last `keep`, as Latin-1 text. */
export function textLeft(keep = 0): Field<string> {
  return {
    width: undefined,
    read: (r) => r.latin1(Math.max(0, r.left - keep)),
    write(w, text) {
      if (typeof text !== 'string') throw new CodecError('encode_range', { expected: 'text', got: typeof text });
      w.latin1(text);
    },
  };
}

/** All bytes left, as hex. */
export function hexLeft(): Field<string> {
  return {
    width: undefined,
    read: (r) => r.hex(r.left),
    write: (w, hex) => void w.append(Buffer.from(hex, 'hex')),
  };
}

/** Text behind a byte with its length. */
export function countedText(): Field<string> {
  return {
    width: undefined,
    read: (r) => r.latin1(r.u8()),
    write: (w, text) => void w.u8(text.length).latin1(text),
  };
}

/** Bytes behind a byte with their number, as hex. */
export function countedBytes(): Field<string> {
  return {
    width: undefined,
    read: (r) => r.hex(r.u8()),
    write: (w, hex) => void w.u8(hex.length / 2).append(Buffer.from(hex, 'hex')),
  };
}

/** One byte, bit 7 the sign, bits 0-6 the magnitude. */
export function signMagnitude8(): Field<number> {
  return {
    width: 1,
    read: (r) => signed(r.u8(), 0x80, 1),
    write: (w, value) => void w.u8((value < 0 ? 0x80 : 0) + Math.abs(Math.round(value))),
  };
}

/** Two bytes, bit 15 the sign (set for `set`), the rest the magnitude divided by `div`. */
export function signMagnitude16(div: number, set: 'negative' | 'positive'): Field<number> {
  return {
    width: 2,
    read(r) {
      const raw = r.u16();
      return signed(set === 'negative' ? raw : raw ^ 0x8000, 0x8000, div);
    },
    write(w, value) {
      const isSet = (set === 'negative') === value < 0;
      w.u16((isSet ? 0x8000 : 0) + Math.abs(Math.round(value * div)));
    },
  };
}

function signed(raw: number, signBit: number, div: number): number {
  const magnitude = (raw & (signBit - 1)) / div;
  return (raw & signBit) !== 0 && magnitude !== 0 ? -magnitude : magnitude;
}

/** Ms since 1970 of a calendar time; undefined when there is no such time. `year` counts from 2000. */
function instantOf(
  year: number,
  month: number,
  day: number,
  hour: number,
  minute: number,
  second: number,
): number | undefined {
  if (month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 59) return undefined;
  if (day > 28 && day > new Date(Date.UTC(2000 + year, month, 0)).getUTCDate()) return undefined;
  return Date.UTC(2000 + year, month - 1, day, hour, minute, second);
}

/**
 * Six plain binary bytes YY MM DD hh mm ss, year from 2000, read as if the clock were UTC. Bytes that are no time of the calendar stay
 * hex. Source: Concox, GT06 communication protocol, location packet (date and time).
 */
export function clock(): Field<Clock> {
  return clockOf(
    (byte) => byte,
    (part) => part,
  );
}

/** The same with two decimal digits a byte, as watch-type clones send it. */
export function bcdClock(): Field<Clock> {
  return clockOf(
    (byte) => (byte >> 4 > 9 || (byte & 15) > 9 ? 255 : (byte >> 4) * 10 + (byte & 15)),
    (part) => Math.floor(part / 10) * 16 + (part % 10),
  );
}

function clockOf(fromByte: (byte: number) => number, toByte: (part: number) => number): Field<Clock> {
  return {
    width: 6,
    read(r) {
      const at = r.take(6);
      const b = r.bytes;
      const part = (i: number): number => fromByte(b[at + i] as number);
      const instant = part(0) > 99 ? undefined : instantOf(part(0), part(1), part(2), part(3), part(4), part(5));
      return instant ?? b.toString('hex', at, at + 6);
    },
    write(w, value) {
      if (typeof value === 'string') return void w.append(Buffer.from(value, 'hex'));
      const date = new Date(value);
      w.u8(toByte(date.getUTCFullYear() - 2000))
        .u8(toByte(date.getUTCMonth() + 1))
        .u8(toByte(date.getUTCDate()));
      w.u8(toByte(date.getUTCHours())).u8(toByte(date.getUTCMinutes())).u8(toByte(date.getUTCSeconds()));
    },
  };
}

/** Absolute degrees; on the wire minutes times 30,000. Source: Concox, GT06 communication protocol, location packet (latitude). */
export const angle = u32({ div: 1_800_000 });

/**
 * Course and flags of the GPS block. Source: Concox, GT06 communication protocol, location packet (course, status); bits 14 and 15 are
 * those of older clones.
 */
export const courseFlags = bitFields(u16(), {
  headingDeg: [0, 10],
  isNorth: [10],
  isWest: [11],
  isFixed: [12],
  isDifferential: [13],
  hasAcc: [14],
  isAccOn: [15],
});

/** Source: Concox, GT06 communication protocol, location packet. */
export const gpsBlock = struct('gps block', {
  head: bitFields(u8(), { satellites: [0, 4], infoLength: [4, 4] }),
  latDeg: angle,
  lngDeg: angle,
  speedKmh: u8(),
  course: courseFlags,
});

/** Source: Concox, GT06 communication protocol, heartbeat and alarm packets (terminal information). */
export const statusBits = bitFields(u8(), {
  isArmed: [0],
  isAccOn: [1],
  isCharging: [2],
  alarmClass: [3, 3],
  isGpsOn: [6],
  isRelayCut: [7],
});

/** Metres on the wire. */
export const odometer = absentAs(u32({ div: 1000 }), absent.odometerKm);
/** Hundredths of a volt. */
export const centivolts = absentAs(u16({ div: 100 }), absent.centivolts);
/** Tenths of a volt. */
export const decivolts = absentAs(u8({ div: 10 }), absent.decivolts);

/** Battery level: 0-6, or percent from 7 on. */
export const voltageLevel = absentAs(u8(), absent.level);
/** Bars 0-4 of the mobile network; larger values are CSQ or percent. */
export const gsmLevel = absentAs(u8(), absent.level);

/** Alarm byte and language byte. `isExtended`: the high nibble of the language byte extends the alarm. */
export function alarm(isExtended = false): Field<Alarm> {
  return {
    width: 2,
    read(r) {
      const code = r.u8();
      const language = r.u8();
      return isExtended ? { code: ((language >> 4) << 8) | code, language: language & 15 } : { code, language };
    },
    write(w, { code, language }) {
      w.u8(code & 0xff).u8(isExtended ? ((code >> 8) << 4) | language : language);
    },
  };
}

/** Eight bytes: a number while it is exact, decimal text beyond. */
export const wideNumber: Field<WideNumber> = {
  width: 8,
  read(r) {
    const value = r.u64();
    return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value.toString();
  },
  write: (w, value) => void w.u64(BigInt(value)),
};

const wideMncBit = 0x8000;

/** MCC and MNC. Bit 15 of the MCC says that the MNC has two bytes, where the layout does not (`mncBytes` 2). */
export function networkCode(mncBytes: 1 | 2 = 1): Field<NetworkCode> {
  return {
    width: undefined,
    read(r) {
      const word = r.u16();
      const isWide = (word & wideMncBit) !== 0;
      return { mcc: word & ~wideMncBit, isWide, mnc: isWide || mncBytes === 2 ? r.u16() : r.u8() };
    },
    write(w, { mcc, isWide, mnc }) {
      w.u16(isWide ? mcc | wideMncBit : mcc);
      if (isWide || mncBytes === 2) w.u16(mnc);
      else w.u8(mnc);
    },
  };
}

/** Widths of a cell's numbers on the wire, bytes. */
export interface CellWidths {
  readonly lac: 2 | 4;
  readonly cid: 2 | 3 | 4 | 8;
  readonly mnc?: 1 | 2;
}

/** GSM. */
export const narrowCell: CellWidths = { lac: 2, cid: 3 };
/** GSM and UMTS. */
export const middleCell: CellWidths = { lac: 2, cid: 4 };
/** LTE. */
export const lteCell: CellWidths = { lac: 4, cid: 8 };

const cidFields: Readonly<Record<CellWidths['cid'], Field<WideNumber>>> = {
  2: u16() as Field<WideNumber>,
  3: u24() as Field<WideNumber>,
  4: u32() as Field<WideNumber>,
  8: wideNumber,
};

/** A cell with its network. `widths` may depend on what is left. */
export function cell(widths: CellWidths, widerWhenLeft?: { readonly bytes: number; readonly cid: 8 }): Field<Cell> {
  const network = networkCode(widths.mnc);
  const lac = widths.lac === 2 ? u16() : u32();
  const narrow = cidFields[widths.cid];
  return {
    width: undefined,
    read(r) {
      const { mcc, isWide, mnc } = network.read(r);
      const area = lac.read(r);
      const isLong = widerWhenLeft !== undefined && r.left >= widerWhenLeft.bytes;
      const cid = isLong ? cidFields[8].read(r) : narrow.read(r);
      return isLong ? { mcc, isWide, mnc, lac: area, cid, isLong } : { mcc, isWide, mnc, lac: area, cid };
    },
    write(w, value) {
      network.write(w, value);
      lac.write(w, value.lac);
      (value.isLong ? cidFields[8] : narrow).write(w, value.cid);
    },
  };
}

/** A neighbour cell: LAC, CID and strength (magnitude in dBm). */
export function neighbour({ lac, cid }: CellWidths): Field<Neighbour> {
  return struct('neighbour', { lac: lac === 2 ? u16() : u32(), cid: cidFields[cid], rssi: u8() });
}

/** Colon-separated lower-case hex. */
export const mac: Field<string> = {
  width: 6,
  read: (r) => r.hex(6).replace(/(..)(?!$)/g, '$1:'),
  write: (w, text) => void w.append(Buffer.from(text.replaceAll(':', ''), 'hex')),
};

export const accessPoint: Field<AccessPoint> = struct('access point', { mac, rssi: u8() });

/** As many items as are there, at most `most`, leaving `keep` bytes for what follows. */
export function upTo<T>(item: Field<T>, most: number, keep = 0): Field<T[]> {
  const width = item.width ?? 1;
  return {
    width: undefined,
    read(r) {
      const items: T[] = [];
      while (items.length < most && r.left >= width + keep) items.push(item.read(r));
      return items;
    },
    write(w, items) {
      for (const each of items) item.write(w, each);
    },
  };
}

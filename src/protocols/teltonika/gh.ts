/**
 * Records of codec 7 (GH3000 and its kin): masks say which parts follow. Reading and writing walk the same list of parts.
 *
 * Source: Teltonika GH3000 protocol as restated in public decoders (traccar `TeltonikaProtocolDecoder`, codec GH3000).
 */
import type { Reader } from '../../wire/reader.js';
import { type Field, f32, u8, u16, u32 } from '../../wire/struct.js';
import type { Writer } from '../../wire/writer.js';
import type { GhPosition, GhRecord } from './messages.js';

type PartName = Exclude<keyof GhPosition, 'mask'>;

/** Bit n of the GPS mask announces part n. */
const positionParts: readonly (readonly (readonly [PartName, Field<number>])[])[] = [
  [
    ['lat', f32()],
    ['lng', f32()],
  ],
  [['altitudeM', u16()]],
  [['angleRaw', u8()]],
  [['speedKmh', u8()]],
  [['satellites', u8()]],
  [
    ['lac', u16()],
    ['cellId', u16()],
  ],
  [['signal', u8()]],
  [['operator', u32()]],
];

const hasPosition = 1;
/** Bits of the record mask that announce elements of 1, 2 and 4 bytes. */
const elementGroups = [
  { bit: 2, value: u8() },
  { bit: 4, value: u16() },
  { bit: 8, value: u32() },
] as const;
const secondsMask = 0x3fff_ffff;

/** Reads one record. Throws `CodecError` `truncated`. */
export function readGhRecord(reader: Reader): GhRecord {
  const head = reader.u32();
  const mask = reader.u8();
  const position = mask & hasPosition ? readPosition(reader) : undefined;
  const io: number[] = [];
  const [count1, count2, count4] = elementGroups.map(({ bit, value }) =>
    mask & bit ? readGroup(reader, value, io) : 0,
  );
  return {
    seconds: head & secondsMask,
    priority: head >>> 30,
    mask,
    position,
    count1: count1 ?? 0,
    count2: count2 ?? 0,
    count4: count4 ?? 0,
    io,
  };
}

function readGroup(reader: Reader, value: Field<number>, io: number[]): number {
  const count = reader.u8();
  for (let left = count; left > 0; left--) io.push(reader.u8(), value.read(reader));
  return count;
}

function readPosition(reader: Reader): GhPosition {
  const mask = reader.u8();
  const values: Partial<Record<PartName, number>> = {};
  positionParts.forEach((part, bit) => {
    if (mask & (1 << bit)) for (const [name, field] of part) values[name] = field.read(reader);
  });
  const { lat, lng, altitudeM, angleRaw, speedKmh, satellites, lac, cellId, signal, operator } = values;
  return { mask, lat, lng, altitudeM, angleRaw, speedKmh, satellites, lac, cellId, signal, operator };
}

/** Writes one record. Throws `CodecError` `encode_range`. */
export function writeGhRecord(writer: Writer, record: GhRecord): void {
  writer.u32(((record.priority << 30) | (record.seconds & secondsMask)) >>> 0).u8(record.mask);
  if (record.position !== undefined) writePosition(writer, record.position);
  const counts = [record.count1, record.count2, record.count4];
  let at = 0;
  elementGroups.forEach(({ bit, value }, group) => {
    if ((record.mask & bit) === 0) return;
    const count = counts[group] ?? 0;
    writer.u8(count);
    for (let left = count; left > 0; left--, at += 2) {
      writer.u8(record.io[at] as number);
      value.write(writer, record.io[at + 1] as number);
    }
  });
}

function writePosition(writer: Writer, position: GhPosition): void {
  writer.u8(position.mask);
  positionParts.forEach((part, bit) => {
    if (position.mask & (1 << bit)) for (const [name, field] of part) field.write(writer, position[name] ?? 0);
  });
}

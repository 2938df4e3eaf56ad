/**
 * AVL records of codecs 8, 8 Extended and 16. Reading and writing walk the same tables: the fixed part (`avlFix`) and the layout of
 * the codec's I/O block. Reading checks that every group is there; the elements themselves are read by who wants them.
 *
 * Source: Teltonika wiki, "Teltonika Data Sending Protocols", codec 8, codec 8 Extended, codec 16.
 */
import { CodecError } from '../../errors.js';
import type { Reader } from '../../wire/reader.js';
import type { Writer } from '../../wire/writer.js';
import type { AvlRecord, Blob } from './messages.js';
import { type AvlLayout, avlFix } from './spec.js';

const noBlobs: readonly Blob[] = [];
const blobBytes = 16;

/**
 * Reads one record from bytes that the caller does not change afterwards: the record refers to them. `sixteenByteGroup` says that
 * the undocumented fifth group follows. Throws `CodecError` `truncated`.
 */
export function readRecord(reader: Reader, layout: AvlLayout, sixteenByteGroup: boolean): AvlRecord {
  const fix = avlFix.read(reader);
  const eventId = layout.wideEvent ? reader.u16() : reader.u8();
  const generationType = layout.generationType ? reader.u8() : -1;
  const total = readCount(reader, layout);
  const start = reader.offset;
  passGroup(reader, layout, 1);
  passGroup(reader, layout, 2);
  passGroup(reader, layout, 4);
  passGroup(reader, layout, 8);
  const end = reader.offset;
  const blobs = layout.variableGroup ? readBlobs(reader) : noBlobs;
  const sixteens = sixteenByteGroup ? readSixteens(reader) : noBlobs;
  return { fix, eventId, generationType, total, bytes: reader.bytes, start, end, layout, blobs, sixteens };
}

function readCount(reader: Reader, layout: AvlLayout): number {
  return layout.wideCounts ? reader.u16() : reader.u8();
}

function passGroup(reader: Reader, layout: AvlLayout, width: number): void {
  reader.take(readCount(reader, layout) * (layout.idBytes + width));
}

function readBlobs(reader: Reader): readonly Blob[] {
  const count = reader.u16();
  if (count === 0) return noBlobs;
  const blobs: Blob[] = [];
  for (let left = count; left > 0; left--) {
    const id = reader.u16();
    blobs.push({ id, bytes: reader.copy(reader.u16()) });
  }
  return blobs;
}

function readSixteens(reader: Reader): readonly Blob[] {
  const blobs: Blob[] = [];
  for (let left = reader.u8(); left > 0; left--) blobs.push({ id: reader.u8(), bytes: reader.copy(blobBytes) });
  return blobs;
}

/** Writes one record. Throws `CodecError` `encode_range`, also for what the codec cannot carry. */
export function writeRecord(writer: Writer, record: AvlRecord, sixteenByteGroup: boolean): void {
  const { layout } = record;
  avlFix.write(writer, record.fix);
  if (layout.wideEvent) writer.u16(record.eventId);
  else writer.u8(record.eventId);
  if (layout.generationType) writer.u8(record.generationType);
  if (layout.wideCounts) writer.u16(record.total);
  else writer.u8(record.total);
  writer.append(record.bytes.subarray(record.start, record.end));
  if (layout.variableGroup) writeBlobs(writer, record.blobs);
  else if (record.blobs.length > 0) throw new CodecError('encode_range', { at: 'elements of variable length' });
  if (sixteenByteGroup) writeSixteens(writer, record.sixteens);
}

function writeBlobs(writer: Writer, blobs: readonly Blob[]): void {
  writer.u16(blobs.length);
  for (const { id, bytes } of blobs) writer.u16(id).u16(bytes.length).append(bytes);
}

function writeSixteens(writer: Writer, blobs: readonly Blob[]): void {
  writer.u8(blobs.length);
  for (const { id, bytes } of blobs) {
    if (bytes.length !== blobBytes) throw new CodecError('encode_range', { expected: blobBytes, got: bytes.length });
    writer.u8(id).append(bytes);
  }
}

/** An element of fixed width with its bits, as unsigned 32-bit halves. */
export interface Element {
  readonly id: number;
  readonly width: 1 | 2 | 4 | 8;
  readonly high: number;
  readonly low: number;
}

const widths = [1, 2, 4, 8] as const;

/** The elements of fixed width in wire order. Not for the hot path. */
export function elementsOf(record: AvlRecord): Element[] {
  const { bytes, layout } = record;
  const elements: Element[] = [];
  let at = record.start;
  for (const width of widths) {
    const count = bytes.readUIntBE(at, layout.wideCounts ? 2 : 1);
    at += layout.wideCounts ? 2 : 1;
    for (let left = count; left > 0; left--) {
      const id = bytes.readUIntBE(at, layout.idBytes);
      at += layout.idBytes;
      const high = width === 8 ? bytes.readUInt32BE(at) : 0;
      const low = width === 8 ? bytes.readUInt32BE(at + 4) : bytes.readUIntBE(at, width);
      elements.push({ id, width, high, low });
      at += width;
    }
  }
  return elements;
}

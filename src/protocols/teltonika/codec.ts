/**
 * Frame to message and back. What a frame is follows from its bytes alone: a data frame has the preamble, a login is all digits, a
 * datagram has its IMEI, and what servers send has lengths of its own. Checksums of data frames are the framer's job.
 *
 * Source: Teltonika wiki, "Teltonika Data Sending Protocols".
 */
import { CodecError, FrameError, hexExcerpt } from '../../errors.js';
import { crc16Arc } from '../../wire/checksum.js';
import { Reader } from '../../wire/reader.js';
import { struct, u8, u16 } from '../../wire/struct.js';
import { Writer } from '../../wire/writer.js';
import type { DecodeContext } from '../protocol.js';
import { readRecord, writeRecord } from './avl.js';
import { isCommandCodec, readCommand, writeCommand } from './command-frames.js';
import { areDigits, isPreamble, pingByte } from './framing.js';
import { readGhRecord, writeGhRecord } from './gh.js';
import type { AvlMessage, AvlRecord, DatagramHead, GhMessage, GhRecord, TeltonikaMessage } from './messages.js';
import { type AvlLayout, avlLayouts, checksumBytes, codecId, headBytes, maxImeiDigits, maxRecords } from './spec.js';

/** Session text once a unit has sent the undocumented group of 16 bytes. */
export const sixteenSession = 'sixteen';

const datagramIds = struct('datagram head', { packetId: u16(), unusable: u8(), avlPacketId: u8() });
const datagramAckLength = 5;

const layoutByCodec: (AvlLayout | undefined)[] = [];
for (const layout of avlLayouts) layoutByCodec[layout.codec] = layout;

const reader = new Reader(Buffer.alloc(0));

/** Throws `FrameError` for bytes that are no frame, `CodecError` for a frame whose content is not understood. */
export function decode(frame: Buffer, context: DecodeContext): TeltonikaMessage {
  if (frame.length >= headBytes + checksumBytes && isPreamble(frame, 0)) {
    const length = frame.readUInt32BE(4);
    if (headBytes + length + checksumBytes !== frame.length) throw notAFrame('frame_length', frame);
    return decodeData(reader.reset(frame, headBytes, headBytes + length), undefined, context);
  }
  return decodeShort(frame) ?? decodeDatagram(frame, context);
}

function notAFrame(code: 'frame_length' | 'garbage', frame: Buffer): FrameError {
  return new FrameError(code, { got: frame.length, hex: hexExcerpt(frame) });
}

/**
 * Pings, logins and what servers answer. A refused login (00) and a count of none (00000000) are also how a data frame begins, so only
 * a unit that waits for them can tell.
 */
function decodeShort(frame: Buffer): TeltonikaMessage | undefined {
  const { length } = frame;
  if (length === 1) {
    const byte = frame[0];
    if (byte === pingByte) return { type: 'ping' };
    if (byte === 1) return { type: 'login-reply', accepted: true };
  }
  if (
    length > 2 &&
    length - 2 <= maxImeiDigits &&
    frame.readUInt16BE(0) === length - 2 &&
    areDigits(frame, 2, length)
  ) {
    return { type: 'login', imei: frame.toString('latin1', 2) };
  }
  if (length === 4 && isRecordCount(frame.readUInt32BE(0))) return { type: 'ack', records: frame[3] as number };
  if (length === 2 + datagramAckLength && frame.readUInt16BE(0) === datagramAckLength) {
    return { type: 'datagram-ack', ...datagramIds.read(reader.reset(frame, 2)), records: frame[6] as number };
  }
  return undefined;
}

function isRecordCount(count: number): boolean {
  return count > 0 && count <= maxRecords;
}

function decodeDatagram(frame: Buffer, context: DecodeContext): TeltonikaMessage {
  if (frame.length < 2) throw notAFrame('garbage', frame);
  if (frame.readUInt16BE(0) !== frame.length - 2) throw notAFrame('frame_length', frame);
  reader.reset(frame, 2);
  const { packetId, unusable, avlPacketId } = datagramIds.read(reader);
  const digits = reader.u16();
  const at = reader.take(digits);
  if (digits === 0 || digits > maxImeiDigits || !areDigits(frame, at, at + digits)) throw notAFrame('garbage', frame);
  const imei = frame.toString('latin1', at, at + digits);
  return decodeData(reader, { packetId, unusable, avlPacketId, imei }, context);
}

/** `data` stands before the codec. Records refer to its bytes. */
function decodeData(data: Reader, datagram: DatagramHead | undefined, context: DecodeContext): TeltonikaMessage {
  const codec = data.u8();
  const layout = layoutByCodec[codec];
  if (layout !== undefined) return decodeAvl(data, layout, datagram, context);
  if (codec === codecId.gh) return decodeGh(datagram);
  if (!isCommandCodec(codec))
    throw new CodecError('unknown_message', { at: 'codec', got: codec, hex: hexExcerpt(data.bytes) });
  const message = readCommand(reader, codec, datagram);
  readSecondQuantity(message.quantity);
  return message;
}

/**
 * Some old firmwares append a group of 16-byte elements to each record of codec 8, and nothing announces it: the reading that ends
 * exactly at the second quantity is the right one. A session that showed it once is tried that way first.
 */
function decodeAvl(
  data: Reader,
  layout: AvlLayout,
  datagram: DatagramHead | undefined,
  context: DecodeContext,
): AvlMessage {
  const { codec } = layout;
  const start = data.offset;
  const sixteenFirst = codec === codecId.avl8 && context.session === sixteenSession;
  try {
    const records = readRecords(layout, sixteenFirst);
    return { type: 'avl', codec, records, sixteenByteGroup: sixteenFirst, datagram };
  } catch (error) {
    if (!(error instanceof CodecError) || codec !== codecId.avl8) throw error;
    data.offset = start;
    const records = readOtherwise(layout, !sixteenFirst, error);
    return { type: 'avl', codec, records, sixteenByteGroup: !sixteenFirst, datagram };
  }
}

function readOtherwise(layout: AvlLayout, sixteenByteGroup: boolean, first: CodecError): AvlRecord[] {
  try {
    return readRecords(layout, sixteenByteGroup);
  } catch (error) {
    throw error instanceof CodecError ? first : error;
  }
}

function readRecords(layout: AvlLayout, sixteenByteGroup: boolean): AvlRecord[] {
  const quantity = reader.u8();
  const records: AvlRecord[] = [];
  for (let left = quantity; left > 0; left--) records.push(readRecord(reader, layout, sixteenByteGroup));
  readSecondQuantity(quantity);
  return records;
}

function decodeGh(datagram: DatagramHead | undefined): GhMessage {
  const quantity = reader.u8();
  const records: GhRecord[] = [];
  for (let left = quantity; left > 0; left--) records.push(readGhRecord(reader));
  readSecondQuantity(quantity);
  return { type: 'gh-avl', records, datagram };
}

/** The second quantity ends the data field and repeats the first. */
function readSecondQuantity(quantity: number): void {
  const offset = reader.offset;
  const second = reader.u8();
  if (reader.left > 0) throw new CodecError('trailing_bytes', { got: reader.left + 1, offset });
  if (second !== quantity) throw new CodecError('count_mismatch', { expected: quantity, got: second, offset });
}

/** Throws `CodecError` `encode_range` for values that do not fit their fields. */
export function encode(message: TeltonikaMessage): Buffer {
  switch (message.type) {
    case 'ping':
      return Buffer.of(pingByte);
    case 'login':
      return writeImei(new Writer(32), message.imei).finish();
    case 'login-reply':
      return Buffer.of(message.accepted ? 1 : 0);
    case 'ack':
      return new Writer(4).u32(message.records).finish();
    case 'datagram-ack': {
      const writer = new Writer(8).u16(datagramAckLength);
      datagramIds.write(writer, message);
      return writer.u8(message.records).finish();
    }
    default:
      return message.datagram === undefined ? encodeStream(message) : encodeDatagram(message, message.datagram);
  }
}

type DataMessage = Extract<TeltonikaMessage, { datagram: unknown }>;

function encodeStream(message: DataMessage): Buffer {
  const writer = new Writer(512).u32(0).u32(0);
  writeData(writer, message);
  writer.patchU32(4, writer.length - headBytes);
  return writer.u32(crc16Arc(writer.view(headBytes))).finish();
}

function encodeDatagram(message: DataMessage, head: DatagramHead): Buffer {
  const writer = new Writer(512).u16(0);
  datagramIds.write(writer, head);
  writeImei(writer, head.imei);
  writeData(writer, message);
  return writer.patchU16(0, writer.length - 2).finish();
}

function writeImei(writer: Writer, imei: string): Writer {
  if (!/^\d{1,64}$/.test(imei)) throw new CodecError('encode_range', { at: 'imei', expected: 'digits', got: imei });
  return writer.u16(imei.length).latin1(imei);
}

function writeData(writer: Writer, message: DataMessage): void {
  if (message.type === 'avl') {
    writer.u8(message.codec).u8(message.records.length);
    for (const record of message.records) writeRecord(writer, record, message.sixteenByteGroup);
    writer.u8(message.records.length);
  } else if (message.type === 'gh-avl') {
    writer.u8(codecId.gh).u8(message.records.length);
    for (const record of message.records) writeGhRecord(writer, record);
    writer.u8(message.records.length);
  } else {
    writer.u8(message.codec);
    writeCommand(writer, message);
    writer.u8(message.quantity);
  }
}

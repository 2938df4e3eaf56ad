/**
 * GT06 frames to messages and back: marks, length, protocol number, serial number and checksum here, the content by the layout row that
 * fits. A frame with a wrong checksum is never read.
 */
import { CodecError, FrameError, hexExcerpt } from '../../errors.js';
import { crc16X25 } from '../../wire/checksum.js';
import { Reader } from '../../wire/reader.js';
import { Writer } from '../../wire/writer.js';
import type { DecodeContext } from '../protocol.js';
import { isBareShape, isChecksumGood, longHead, longMark, shortHead, shortMark, tailBytes } from './framing.js';
import type { Content, Form, Gt06Message } from './message.js';
import { ackRow } from './network-rows.js';
import type { Row } from './row.js';
import { rows } from './spec.js';

const rowsByProtocol = groupByProtocol(rows);
const rowsByName = new Map([...rows, ackRow].map((each) => [each.name, each]));
const timeRequest = 0x8a;

function groupByProtocol(all: readonly Row[]): readonly (readonly Row[])[] {
  const groups: Row[][] = Array.from({ length: 256 }, () => []);
  for (const each of all) groups[each.protocol]?.push(each);
  return groups;
}

/** The row of that name; throws when there is none, which is a message of another making. */
export function rowNamed(name: string): Row {
  const found = rowsByName.get(name);
  if (found === undefined) throw new CodecError('encode_range', { at: 'layout', got: name });
  return found;
}

/** Where the parts of a frame are. */
interface Envelope {
  readonly form: Form;
  readonly protocol: number;
  readonly serial: number;
  readonly contentStart: number;
  readonly contentEnd: number;
}

/** Takes the envelope off. Throws `FrameError` for a wrong checksum or a frame that is none. */
function openEnvelope(frame: Buffer): Envelope {
  const isShort = frame[0] === shortMark;
  if (!isChecksumGood(frame, 0, frame.length)) {
    if (isBareShape(frame)) return bareEnvelope(frame);
    throw wrongChecksum(frame);
  }
  const contentStart = isShort ? shortHead : longHead;
  const contentEnd = frame.length - tailBytes;
  if (contentEnd < contentStart) throw new FrameError('frame_length', { got: frame.length, hex: hexExcerpt(frame) });
  const protocol = frame[contentStart - 1] as number;
  return {
    form: isShort ? 'short' : 'long',
    protocol,
    serial: frame.readUInt16BE(contentEnd),
    contentStart,
    contentEnd,
  };
}

function bareEnvelope(frame: Buffer): Envelope {
  return {
    form: 'bare',
    protocol: frame[shortHead - 1] as number,
    serial: 0,
    contentStart: shortHead,
    contentEnd: frame.length - 2,
  };
}

function wrongChecksum(frame: Buffer): FrameError {
  const isWhole = frame.length >= shortHead + tailBytes && (frame[0] === shortMark || frame[0] === longMark);
  if (!isWhole) return new FrameError('frame_length', { got: frame.length, hex: hexExcerpt(frame) });
  const got = frame.readUInt16BE(frame.length - 4);
  return new FrameError('checksum', {
    expected: crc16X25(frame, 2, frame.length - 4),
    got,
    offset: frame.length - 4,
    hex: hexExcerpt(frame),
  });
}

function fits(each: Row, frame: Buffer, envelope: Envelope, model: string | undefined): boolean {
  const { form, contentStart, contentEnd } = envelope;
  // The length as a short frame has it; taken from the bytes, since some clones announce another.
  const length = contentEnd - contentStart + 5;
  if (length < each.minLength || length > each.maxLength) return false;
  if (each.form !== undefined && each.form !== form) return false;
  if (each.model !== undefined && !each.model.test(model ?? '')) return false;
  return each.when === undefined || each.when(frame, contentStart);
}

/** Throws `CodecError` when the content is not as the row says. */
function readWith(
  row: Row,
  frame: Buffer,
  { form, protocol, serial, contentStart, contentEnd }: Envelope,
): Gt06Message {
  const reader = new Reader(frame, contentStart, contentEnd);
  const content = row.layout.read(reader);
  if (reader.left > 0)
    throw new CodecError('trailing_bytes', { at: row.name, got: reader.left, offset: reader.offset });
  return { type: row.type, form, protocol, serial, layout: row.name, content };
}

/**
 * Frame to message. A row that was taken for its length or model alone may turn out not to be meant: the next one is tried then. Throws
 * `FrameError` (checksum, length) or `CodecError` (unknown message, content too short).
 */
export function decode(frame: Buffer, context: DecodeContext): Gt06Message {
  const envelope = openEnvelope(frame);
  const { protocol, contentStart, contentEnd } = envelope;
  if (contentStart === contentEnd && protocol !== timeRequest) return readWith(ackRow, frame, envelope);
  let firstError: CodecError | undefined;
  for (const each of rowsByProtocol[protocol] as readonly Row[]) {
    if (!fits(each, frame, envelope, context.model)) continue;
    if (!each.isGuess) return readWith(each, frame, envelope);
    try {
      return readWith(each, frame, envelope);
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
      firstError ??= error;
    }
  }
  throw firstError ?? new CodecError('unknown_message', { at: `0x${protocol.toString(16)}`, hex: hexExcerpt(frame) });
}

/** Message to frame. Throws `CodecError` `encode_range`. */
export function encode(message: Gt06Message): Buffer {
  const { form, protocol, serial, content } = message;
  const w = new Writer(64);
  const isLong = form === 'long';
  const mark = isLong ? longMark : shortMark;
  w.u8(mark).u8(mark);
  if (isLong) w.u16(0);
  else w.u8(0);
  w.u8(protocol);
  const contentStart = w.length;
  rowNamed(message.layout).layout.write(w, content);
  if (form === 'bare') return closeBare(w, contentStart, content);
  w.u16(serial);
  const length = w.length - contentStart + 3;
  if (isLong) w.patchU16(2, length);
  else w.patchU8(2, length);
  return w
    .u16(crc16X25(w.view(2)))
    .u8(0x0d)
    .u8(0x0a)
    .finish();
}

/** Wi-Fi frames of the watch-type clones announce their number of access points instead of a length, bare locations their content. */
function closeBare(w: Writer, contentStart: number, content: Content): Buffer {
  w.patchU8(2, content.accessPoints?.length ?? w.length - contentStart);
  return w.u8(0x0d).u8(0x0a).finish();
}

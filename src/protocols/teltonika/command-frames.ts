/**
 * Data fields of codecs 12 to 15: commands to the unit, its answers, and what it passes on from a serial port. They differ in what
 * stands before the text; one table says so for both directions.
 *
 * Source: Teltonika wiki, "Teltonika Data Sending Protocols", codec 12, 13, 14, 15.
 */
import { CodecError } from '../../errors.js';
import { bcd } from '../../wire/bcd.js';
import type { Reader } from '../../wire/reader.js';
import type { Writer } from '../../wire/writer.js';
import type { CommandMessage, DatagramHead } from './messages.js';
import { codecId, commandType } from './spec.js';

interface CommandLayout {
  readonly seconds: boolean;
  readonly imei: boolean;
  /** The size field is known to leave out what stands before the text: the length of the data field decides. */
  readonly looseSize: boolean;
}

const layouts: ReadonlyMap<number, CommandLayout> = new Map([
  [codecId.command12, { seconds: false, imei: false, looseSize: false }],
  [codecId.command13, { seconds: true, imei: false, looseSize: true }],
  [codecId.command14, { seconds: false, imei: true, looseSize: false }],
  [codecId.command15, { seconds: true, imei: true, looseSize: true }],
]);

/** 0 and the 15 digits of an IMEI. */
const imeiBcd = bcd(8);
const lengthOf = (layout: CommandLayout) => (layout.seconds ? 4 : 0) + (layout.imei ? 8 : 0);

export function isCommandCodec(codec: number): boolean {
  return layouts.has(codec);
}

/** Bytes before the payload that the size field counts. */
export function commandHeadBytes(codec: number): number {
  const layout = layouts.get(codec);
  return layout === undefined ? 0 : lengthOf(layout);
}

/** What a command frame is, by its codec and type byte. */
export function commandMessageType(codec: number, type: number): CommandMessage['type'] {
  if (codec === codecId.command15) return 'serial';
  if (codec === codecId.command13) return 'response';
  if (type === commandType.command) return 'command';
  if (type === commandType.response) return 'response';
  if (type === commandType.otherImei) return 'refusal';
  return type === commandType.camera ? 'camera' : 'serial';
}

/**
 * Reads the data field behind its codec byte up to the second quantity, which the caller reads. Throws `CodecError` `truncated` and
 * `trailing_bytes`.
 */
export function readCommand(reader: Reader, codec: number, datagram: DatagramHead | undefined): CommandMessage {
  const layout = layouts.get(codec) as CommandLayout;
  const quantity = reader.u8();
  const type = reader.u8();
  const size = reader.u32();
  const there = reader.left - 1;
  if (!layout.looseSize && size !== there) {
    const facts = { expected: size, got: there, at: 'size', offset: reader.offset };
    throw new CodecError(size > there ? 'truncated' : 'trailing_bytes', facts);
  }
  const seconds = layout.seconds ? reader.u32() : undefined;
  const imei = layout.imei ? imeiBcd.read(reader) : undefined;
  const payload = reader.copy(Math.max(0, reader.left - 1));
  const kind = commandMessageType(codec, type);
  return { type: kind, codec, commandType: type, quantity, size, seconds, imeiBcd: imei, payload, datagram };
}

/** Writes what `readCommand` reads. Throws `CodecError` `encode_range`. */
export function writeCommand(writer: Writer, message: CommandMessage): void {
  const layout = layouts.get(message.codec);
  if (layout === undefined) throw new CodecError('encode_range', { at: 'codec', got: message.codec });
  writer.u8(message.quantity).u8(message.commandType).u32(message.size);
  if (layout.seconds) writer.u32(message.seconds ?? 0);
  if (layout.imei) imeiBcd.write(writer, message.imeiBcd ?? '');
  writer.append(message.payload);
}

/** A message of one of the command codecs around `payload`. */
export function commandMessage(codec: number, type: number, payload: Buffer, imei?: string): CommandMessage {
  return {
    type: commandMessageType(codec, type),
    codec,
    commandType: type,
    quantity: 1,
    size: commandHeadBytes(codec) + payload.length,
    seconds: undefined,
    imeiBcd: imei?.padStart(16, '0'),
    payload,
    datagram: undefined,
  };
}

/** The payload as text without the line end; bytes that are no text as upper-case hex. */
export function payloadText(payload: Buffer): string {
  for (const byte of payload) {
    const printable = (byte >= 0x20 && byte < 0x7f) || byte === 0x0d || byte === 0x0a || byte === 0x09;
    if (!printable) return payload.toString('hex').toUpperCase();
  }
  return payload.toString('latin1').trim();
}

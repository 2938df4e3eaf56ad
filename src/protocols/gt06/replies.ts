/**
 * What a GT06 unit is owed: the message's number and serial number back, the time to those who ask for it, and the time as received to
 * the watch-type clones. Source: Concox, GT06 communication protocol, server's response; Jimi JM-VL03 protocol, time check.
 */
import { crc16X25 } from '../../wire/checksum.js';
import type { DecodeContext } from '../protocol.js';
import { encode, rowNamed } from './codec.js';
import { longHead, longMark, shortHead, shortMark, tailBytes } from './framing.js';
import type { Gt06Message } from './message.js';
import { rows } from './spec.js';

/** Messages that get no answer in any form. */
const silent: ReadonlySet<number> = new Set(
  rows.filter((each) => each.ack === 'none' && each.protocol !== 0x8a).map((each) => each.protocol),
);

/** The acknowledgement: protocol number and serial number, without content. */
export function ackFrame(protocol: number, serial: number, isLong = false): Buffer {
  const ack = Buffer.allocUnsafe(isLong ? longHead + tailBytes : shortHead + tailBytes);
  let at = ack.writeUInt16BE(isLong ? longMark * 0x101 : shortMark * 0x101);
  at = isLong ? ack.writeUInt16BE(5, at) : ack.writeUInt8(5, at);
  at = ack.writeUInt8(protocol, at);
  at = ack.writeUInt16BE(serial, at);
  at = ack.writeUInt16BE(crc16X25(ack, 2, at), at);
  ack.writeUInt16BE(0x0d0a, at);
  return ack;
}

/** What is owed for a message; null when nothing is. */
export function replyTo(message: Gt06Message, context: DecodeContext): Buffer | null {
  const { type, protocol, serial, form } = message;
  if (type === 'time_request') return timeReply(serial, context.receivedAt);
  const { ack } = rowNamed(message.layout);
  if (ack === 'wifi') return encode({ ...message, content: { clock: message.content.clock, accessPoints: [] } });
  if (ack === 'none' || form === 'bare' || (type === 'ack' && silent.has(protocol))) return null;
  return ackFrame(protocol, serial, ack === 'long');
}

function timeReply(serial: number, receivedAt: number): Buffer {
  const clock = Math.floor(receivedAt / 1000) * 1000;
  return encode({ type: 'time_reply', form: 'short', protocol: 0x8a, serial, layout: '8a reply', content: { clock } });
}

/** The acknowledgement of a frame that could not be read, from its envelope alone. */
export function ackUndecodable(frame: Buffer): Buffer | null {
  const isLong = frame[0] === longMark;
  const head = isLong ? longHead : shortHead;
  if (frame.length < head + tailBytes) return null;
  const protocol = frame[head - 1] as number;
  return silent.has(protocol) ? null : ackFrame(protocol, frame.readUInt16BE(frame.length - tailBytes));
}

/**
 * What the server owes a unit. A unit deletes a batch only when the count it gets is the count it sent.
 *
 * Source: Teltonika wiki, "Teltonika Data Sending Protocols", TCP and UDP acknowledgements.
 */
import type { LoginOutcome } from '../protocol.js';
import { encode } from './codec.js';
import { isCommandCodec } from './command-frames.js';
import { isPreamble } from './framing.js';
import type { DatagramHead, TeltonikaMessage } from './messages.js';
import { checksumBytes, datagramHeadBytes, headBytes } from './spec.js';

/** Acknowledgements by their record count, which is one byte on the wire of the unit. Never written to. */
const acks = Array.from({ length: 256 }, (_, records) => encode({ type: 'ack', records }));
const accepted = encode({ type: 'login-reply', accepted: true });
const refused = encode({ type: 'login-reply', accepted: false });

/** Counts for records; nothing for pings, command answers, and the login, which `replyLogin` answers. */
export function reply(message: TeltonikaMessage): Buffer | null {
  if (message.type !== 'avl' && message.type !== 'gh-avl') return null;
  return acknowledge(message.records.length, message.datagram);
}

function acknowledge(records: number, head: DatagramHead | undefined): Buffer | null {
  if (head === undefined) return acks[records] ?? null;
  const { packetId, unusable, avlPacketId } = head;
  return encode({ type: 'datagram-ack', packetId, unusable, avlPacketId, records });
}

/** One byte on TCP. Datagrams have no login, and no refusal. */
export function replyLogin(message: TeltonikaMessage, outcome: LoginOutcome): Buffer | null {
  if (message.type !== 'login') return null;
  return outcome === 'accepted' ? accepted : refused;
}

/** The count that the first quantity byte promises; nothing for command frames, which are never acknowledged. */
export function replyUndecodable(frame: Buffer): Buffer | null {
  if (isPreamble(frame, 0) && frame.length > headBytes + checksumBytes + 1) {
    return isCommandCodec(frame[headBytes] as number) ? null : (acks[frame[headBytes + 1] as number] ?? null);
  }
  if (frame.length < datagramHeadBytes + 2 || isCommandCodec(frame[datagramHeadBytes] as number)) return null;
  const head = {
    packetId: frame.readUInt16BE(2),
    unusable: frame[4] as number,
    avlPacketId: frame[5] as number,
    imei: '',
  };
  return acknowledge(frame[datagramHeadBytes + 1] as number, head);
}

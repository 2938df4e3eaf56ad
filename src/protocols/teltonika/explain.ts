/**
 * A readable account of a message: what it is and every element with its raw value, as on the wire; what they mean is for `toUpdates`.
 */
import { hexNumber } from '../../wire/hex.js';
import { elementsOf } from './avl.js';
import { payloadText } from './command-frames.js';
import type { AvlMessage, CommandMessage, DatagramHead, TeltonikaMessage } from './messages.js';
import { avlLayouts, generationTypes, priorities } from './spec.js';
import { wideValue } from './values.js';

export function explain(message: TeltonikaMessage): string[] {
  switch (message.type) {
    case 'login':
      return [`login of IMEI ${message.imei}`];
    case 'ping':
      return ['ping, not answered'];
    case 'login-reply':
      return [`server: login ${message.accepted ? 'accepted' : 'refused'}`];
    case 'ack':
      return [`server: ${message.records} records acknowledged`];
    case 'datagram-ack':
      return [`server: ${message.records} records acknowledged, packet ${idsOf(message)}`];
    case 'avl':
      return explainAvl(message);
    case 'gh-avl':
      return [`codec 7, ${message.records.length} records`, ...datagramLines(message.datagram)];
    default:
      return explainCommand(message);
  }
}

function idsOf(head: { packetId: number; avlPacketId: number }): string {
  return `${hexNumber(head.packetId, 4)} / ${hexNumber(head.avlPacketId, 2)}`;
}

function datagramLines(head: DatagramHead | undefined): string[] {
  return head === undefined
    ? ['checksum: CRC-16/ARC, verified by the framer']
    : [`datagram of IMEI ${head.imei}, packet ${idsOf(head)}, no checksum`];
}

function explainAvl(message: AvlMessage): string[] {
  const layout = avlLayouts.find((each) => each.codec === message.codec);
  const lines = [`${layout?.title ?? 'AVL'}, ${message.records.length} records`, ...datagramLines(message.datagram)];
  if (message.sixteenByteGroup) lines.push('with the undocumented group of 16-byte elements');
  message.records.forEach((record, i) => {
    const { fix, eventId, generationType } = record;
    lines.push(
      `record ${i + 1}: priority ${fix.priority} (${priorities[fix.priority] ?? 'unknown'}), event ${eventId}`,
    );
    if (generationType >= 0) lines.push(`  generation type: ${generationTypes[generationType] ?? generationType}`);
    for (const { id, width, high, low } of elementsOf(record)) {
      lines.push(`  element ${id} (${width} bytes): ${wideValue(high, low)}`);
    }
    for (const { id, bytes } of [...record.blobs, ...record.sixteens]) {
      lines.push(`  element ${id} (${bytes.length} bytes): ${bytes.toString('hex')}`);
    }
  });
  return lines;
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ');
}

function explainCommand(message: CommandMessage): string[] {
  return [
    `codec ${message.codec}, ${message.type} (type ${hexNumber(message.commandType, 2)})`,
    ...datagramLines(message.datagram),
    `  payload: ${oneLine(payloadText(message.payload))}`,
  ];
}

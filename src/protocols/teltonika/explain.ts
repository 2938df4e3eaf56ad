/**
 * A readable account of a message: what it is and every element with its raw value, as on the wire; what they mean is for `toUpdates`.
 */
import { hexNumber } from '../../wire/hex.js';
import type { DecodeContext } from '../protocol.js';
import { elementsOf } from './avl.js';
import { payloadText } from './command-frames.js';
import { type IoTable, tableOf } from './io-table.js';
import type { AvlMessage, CommandMessage, DatagramHead, TeltonikaMessage } from './messages.js';
import { avlLayouts, generationTypes, type IoWidth, priorities, rawName } from './spec.js';
import { wideValue } from './values.js';

export function explain(message: TeltonikaMessage, context: DecodeContext): string[] {
  switch (message.type) {
    case 'login':
      return [`login of IMEI ${message.imei}`];
    case 'ping':
      return ['ping, not answered'];
    case 'login-reply':
      return [`server: login ${message.accepted ? 'accepted' : 'refused'}`];
    case 'ack':
      return [`server: ${counted(message.records, 'record')} acknowledged`];
    case 'datagram-ack':
      return [`server: ${counted(message.records, 'record')} acknowledged, packet ${idsOf(message)}`];
    case 'avl':
      return explainAvl(message, tableOf(context.model));
    case 'gh-avl':
      return [`codec 7, ${counted(message.records.length, 'record')}`, ...datagramLines(message.datagram)];
    default:
      return explainCommand(message);
  }
}

function idsOf(head: { packetId: number; avlPacketId: number }): string {
  return `${hexNumber(head.packetId, 4)} / ${hexNumber(head.avlPacketId, 2)}`;
}

function datagramLines(head: DatagramHead | undefined): string[] {
  return head === undefined
    ? ['checksum good (CRC-16/ARC)']
    : [`datagram of IMEI ${head.imei}, packet ${idsOf(head)}, no checksum`];
}

function explainAvl(message: AvlMessage, table: IoTable): string[] {
  const layout = avlLayouts.find((each) => each.codec === message.codec);
  const lines = [
    `${layout?.title ?? 'AVL'}, ${counted(message.records.length, 'record')}`,
    ...datagramLines(message.datagram),
  ];
  if (message.sixteenByteGroup) lines.push('with the undocumented group of 16-byte elements');
  message.records.forEach((record, i) => {
    const { fix, eventId, generationType } = record;
    lines.push(
      `record ${i + 1}: priority ${fix.priority} (${priorities[fix.priority] ?? 'unknown'}), event ${eventId}`,
    );
    if (generationType >= 0) lines.push(`  generation type: ${generationTypes[generationType] ?? generationType}`);
    for (const { id, width, high, low } of elementsOf(record)) {
      lines.push(`  element ${id}${nameOf(id, width, table)}, ${counted(width, 'byte')}: ${wideValue(high, low)}`);
    }
    for (const { id, bytes } of record.blobs) {
      lines.push(`  element ${id}${nameOf(id, 0, table)}, ${counted(bytes.length, 'byte')}: ${bytes.toString('hex')}`);
    }
    for (const { id, bytes } of record.sixteens) lines.push(`  element ${id}, 16 bytes: ${bytes.toString('hex')}`);
  });
  return lines;
}

function counted(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}

/** The name that an element goes by, in brackets; nothing for one that has none. */
function nameOf(id: number, width: IoWidth, table: IoTable): string {
  const { name } = table.group(width).rowOf(id);
  return name === rawName(id) ? '' : ` (${name})`;
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

/**
 * A readable account of a message: what it is, every element with its raw value, and what the values mean with their units.
 */
import { fieldOf } from '../../domain/fields.js';
import type { StateUpdate } from '../../domain/update.js';
import { hexNumber } from '../../wire/hex.js';
import type { DecodeContext } from '../protocol.js';
import { elementsOf } from './avl.js';
import { payloadText } from './command-frames.js';
import { toUpdates } from './mapping.js';
import type { AvlMessage, CommandMessage, DatagramHead, TeltonikaMessage } from './messages.js';
import { avlLayouts, generationTypes, priorities } from './spec.js';
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
      return [`server: ${message.records} records acknowledged`];
    case 'datagram-ack':
      return [`server: ${message.records} records acknowledged, packet ${idsOf(message)}`];
    case 'avl':
      return explainAvl(message, context);
    case 'gh-avl':
      return [
        `codec 7, ${message.records.length} records`,
        ...datagramLines(message.datagram),
        ...toUpdates(message, context).flatMap((update, i) => [`record ${i + 1}`, ...explainUpdate(update)]),
      ];
    default:
      return explainCommand(message, context);
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

function explainAvl(message: AvlMessage, context: DecodeContext): string[] {
  const layout = avlLayouts.find((each) => each.codec === message.codec);
  const lines = [`${layout?.title ?? 'AVL'}, ${message.records.length} records`, ...datagramLines(message.datagram)];
  if (message.sixteenByteGroup) lines.push('with the undocumented group of 16-byte elements');
  const updates = toUpdates(message, context);
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
    lines.push(...explainUpdate(updates[i] as StateUpdate));
  });
  return lines;
}

function explainUpdate(update: StateUpdate): string[] {
  const time = update.timed ? new Date(update.at).toISOString() : 'none of its own';
  const lines = [`  time: ${time}`];
  const { position } = update;
  if (position !== null) {
    lines.push(`  position: ${position.lat ?? '-'}°, ${position.lng ?? '-'}°${position.valid ? '' : ' (no fix)'}`);
    lines.push(`  speed ${position.speedKmh ?? '-'} km/h, heading ${position.headingDeg ?? '-'}°`);
    lines.push(`  altitude ${position.altitudeM ?? '-'} m, satellites ${position.satellites ?? '-'}`);
  }
  update.names.forEach((name, i) => {
    const value = update.values[i];
    const unit = fieldOf(name)?.unit;
    const text = typeof value === 'object' ? JSON.stringify(value) : oneLine(String(value));
    lines.push(`  ${name}: ${text}${unit ? ` ${unit}` : ''}`);
  });
  return lines;
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ');
}

function explainCommand(message: CommandMessage, context: DecodeContext): string[] {
  const lines = [
    `codec ${message.codec}, ${message.type} (type ${hexNumber(message.commandType, 2)})`,
    ...datagramLines(message.datagram),
    `  payload: ${oneLine(payloadText(message.payload))}`,
  ];
  return [...lines, ...toUpdates(message, context).flatMap(explainUpdate)];
}

/**
 * Builds Teltonika frames byte by byte for tests, without the encoder under test.
 */
import { fieldValue, type StateUpdate } from '../../src/domain/update.js';
import type { DecodeContext } from '../../src/protocols/protocol.js';
import { teltonika } from '../../src/protocols/teltonika/index.js';
import type { AvlMessage, CommandMessage } from '../../src/protocols/teltonika/messages.js';

export const imei = '356307042441013';
export const receivedAt = Date.UTC(2026, 0, 1, 12);
export const tcp: DecodeContext = { transport: 'tcp', receivedAt, deviceId: imei, model: 'telfmb920', session: '' };
export const udp: DecodeContext = { ...tcp, transport: 'udp' };

type Pair = readonly [id: number, raw: number | bigint];
type Blob = readonly [id: number, bytes: Buffer];

export interface RecordParts {
  readonly at?: number;
  readonly priority?: number;
  readonly lat?: number;
  readonly lng?: number;
  readonly altitude?: number;
  readonly angle?: number;
  readonly satellites?: number;
  readonly speed?: number;
  readonly event?: number;
  readonly generation?: number;
  readonly one?: readonly Pair[];
  readonly two?: readonly Pair[];
  readonly four?: readonly Pair[];
  readonly eight?: readonly Pair[];
  readonly variable?: readonly Blob[];
}

/** Bitwise, so that it shares nothing with the table-driven one. */
export function crcArc(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xa001 : crc >>> 1;
  }
  return crc;
}

function number(value: number | bigint, bytes: number): Buffer {
  const hex = BigInt.asUintN(8 * bytes, BigInt(value)).toString(16);
  return Buffer.from(hex.padStart(2 * bytes, '0'), 'hex');
}

export function recordBytes(codec: number, parts: RecordParts): Buffer {
  const wide = codec === 0x08 ? 1 : 2;
  const count = codec === 0x8e ? 2 : 1;
  const { one = [], two = [], four = [], eight = [], variable = [] } = parts;
  const groups = [one, two, four, eight];
  const total = groups.reduce((sum, group) => sum + group.length, variable.length);
  const chunks = [
    number(parts.at ?? receivedAt - 60_000, 8),
    number(parts.priority ?? 0, 1),
    number(Math.round((parts.lng ?? 4.9) * 1e7), 4),
    number(Math.round((parts.lat ?? 52.37) * 1e7), 4),
    number(parts.altitude ?? 3, 2),
    number(parts.angle ?? 180, 2),
    number(parts.satellites ?? 8, 1),
    number(parts.speed ?? 20, 2),
    number(parts.event ?? 0, wide),
    codec === 0x10 ? number(parts.generation ?? 0, 1) : Buffer.alloc(0),
    number(total, count),
  ];
  groups.forEach((group, i) => {
    chunks.push(number(group.length, count));
    for (const [id, raw] of group) chunks.push(number(id, wide), number(raw, 2 ** i));
  });
  if (codec === 0x8e) chunks.push(number(variable.length, 2));
  for (const [id, bytes] of codec === 0x8e ? variable : []) chunks.push(number(id, 2), number(bytes.length, 2), bytes);
  return Buffer.concat(chunks);
}

export function dataField(codec: number, records: readonly Buffer[]): Buffer {
  return Buffer.concat([Buffer.of(codec, records.length), ...records, Buffer.of(records.length)]);
}

export function frameOf(data: Uint8Array): Buffer {
  return Buffer.concat([number(0, 4), number(data.length, 4), data, number(crcArc(data), 4)]);
}

export function avlFrame(codec: number, ...records: readonly RecordParts[]): Buffer {
  return frameOf(
    dataField(
      codec,
      records.map((parts) => recordBytes(codec, parts)),
    ),
  );
}

export function datagramOf(data: Uint8Array, packetId = 0xcafe, avlPacketId = 5, id = imei): Buffer {
  const body = Buffer.concat([
    number(packetId, 2),
    Buffer.of(1, avlPacketId),
    number(id.length, 2),
    Buffer.from(id),
    data,
  ]);
  return Buffer.concat([number(body.length, 2), body]);
}

export function commandData(codec: number, type: number, value: Uint8Array, size = value.length): Buffer {
  return Buffer.concat([Buffer.of(codec, 1, type), number(size, 4), value, Buffer.of(1)]);
}

export function loginBytes(id = imei): Buffer {
  return Buffer.concat([number(id.length, 2), Buffer.from(id)]);
}

export function updatesOf(frame: Buffer, context: DecodeContext = tcp): StateUpdate[] {
  return teltonika.toUpdates(teltonika.decode(frame, context), context);
}

/** Names and values of the only record, without the event fields. */
export function valuesOf(frame: Buffer, context: DecodeContext = tcp): Record<string, unknown> {
  const updates = updatesOf(frame, context);
  const [update] = updates;
  if (update === undefined || updates.length !== 1) throw new Error(`${updates.length} records`);
  const ours = update.names.filter((name) => !/^(event_|generation_)/.test(name));
  return Object.fromEntries(ours.map((name) => [name, fieldValue(update, name)]));
}

/** Values of a record with these elements in codec 8 Extended. */
export function elements(parts: RecordParts, model = 'telfmb920'): Record<string, unknown> {
  return valuesOf(avlFrame(0x8e, parts), { ...tcp, model });
}

export function decodeAvl(frame: Buffer, context: DecodeContext = tcp): AvlMessage {
  return teltonika.decode(frame, context) as unknown as AvlMessage;
}

export function decodeCommand(frame: Buffer, context: DecodeContext = tcp): CommandMessage {
  return teltonika.decode(frame, context) as unknown as CommandMessage;
}

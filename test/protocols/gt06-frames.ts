/** GT06 frames made without the codec: envelope by hand, checksum bit by bit. */
import type { DecodeContext } from '../../src/protocols/protocol.js';

/** CRC-16/X-25, one bit at a time. */
export function slowCrc(bytes: Buffer): number {
  let crc = 0xffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x8408 : crc >>> 1;
  }
  return crc ^ 0xffff;
}

function closed(mark: number, covered: Buffer): Buffer {
  const crc = slowCrc(covered);
  return Buffer.concat([Buffer.of(mark, mark), covered, Buffer.of(crc >> 8, crc & 0xff, 0x0d, 0x0a)]);
}

function bytesOf(content: string | Buffer): Buffer {
  return typeof content === 'string' ? Buffer.from(content.replace(/\s/g, ''), 'hex') : content;
}

/** A short frame; `length` overrides the length byte. */
export function shortFrame(protocol: number, content: string | Buffer, serial = 1, length?: number): Buffer {
  const body = bytesOf(content);
  const head = Buffer.of(length ?? body.length + 5, protocol);
  return closed(0x78, Buffer.concat([head, body, Buffer.of(serial >> 8, serial & 0xff)]));
}

export function longFrame(protocol: number, content: string | Buffer, serial = 1, length?: number): Buffer {
  const body = bytesOf(content);
  const size = length ?? body.length + 5;
  const head = Buffer.of(size >> 8, size & 0xff, protocol);
  return closed(0x79, Buffer.concat([head, body, Buffer.of(serial >> 8, serial & 0xff)]));
}

/** 2024-05-17 08:30:15, 55.75222 N 37.61556 E, 63 km/h, 275°, 11 satellites. */
export const clockHex = '18051108 1e0f';
export const gpsHex = 'cb 05fb47cc 04092468 3f 1513';
/** 250-02, LAC 6699, CID 197845. */
export const cellHex = '00fa 02 1a2b 0304d5';
export const fixAt = Date.UTC(2024, 4, 17, 8, 30, 15);

export function contextOf(changes: Partial<DecodeContext> = {}): DecodeContext {
  return {
    transport: 'tcp',
    receivedAt: Date.UTC(2024, 4, 17, 8, 34, 56),
    deviceId: '861234567890123',
    model: undefined,
    session: '',
    ...changes,
  };
}

/**
 * Frames that are not as they should be, made from good ones: a broken checksum, and content that cannot be read behind a good one.
 */
import { crc16Arc, crc16X25 } from '../../src/wire/checksum.js';

/** The frame with one byte in its middle changed. */
export function withBadChecksum(frame: Buffer): Buffer {
  const broken = Buffer.from(frame);
  const at = Math.floor(frame.length / 2);
  broken[at] = (broken[at] as number) ^ 0x01;
  return broken;
}

/** A frame of one record made unreadable, with a checksum that holds. */
export function unreadable(protocol: string, frame: Buffer): Buffer {
  const make = makers[protocol];
  if (make === undefined) throw new Error(`no unreadable frame for ${protocol}`);
  return make(Buffer.from(frame));
}

const makers: Readonly<Record<string, (frame: Buffer) => Buffer>> = {
  /** Two records are announced, one is there. */
  teltonika(frame) {
    frame[9] = 2;
    frame[frame.length - 5] = 2;
    frame.writeUInt32BE(crc16Arc(frame, 8, frame.length - 4), frame.length - 4);
    return frame;
  },
  /** A location of two bytes. */
  gt06(frame) {
    const short = Buffer.from('78780712000000000000000d0a', 'hex').subarray(0, 4 + 2 + 6);
    frame.copy(short, 6, frame.length - 6);
    short.writeUInt16BE(crc16X25(short, 2, 8), 8);
    return short;
  },
  /** Fewer columns than the message has. */
  'wialon-ips'(frame) {
    const [, code = '', body = ''] = frame.toString('latin1').split('#');
    const text = `${body.split(';').slice(0, 5).join(';')};`;
    const crc = crc16Arc(Buffer.from(text)).toString(16).toUpperCase().padStart(4, '0');
    return Buffer.from(`#${code}#${text}${crc}\r\n`);
  },
};

/**
 * What the bench's units send: Teltonika logins and Codec 8 frames, written here from the published layout and not by the gateway's own
 * encoder, so that the gateway is measured on bytes it had no hand in. All frames of a run have one length.
 */
import { imeiFrom } from '../../domain/unit-id.js';

/** Bytes the server answers to a login, and to each frame. */
export const loginReplyBytes = 1;
export const ackBytes = 4;

/**
 * IO elements of every record as `[id, value]`, in the groups of 1, 2, 4 and 8 bytes: ignition, movement, GSM signal, speed, sleep mode,
 * GNSS status; PDOP, HDOP, external and battery voltage, analog input; operator, odometer; iButton.
 * Source: Teltonika wiki, FMB120 AVL ID.
 */
const ioGroups: readonly { readonly widthBytes: number; readonly elements: readonly (readonly [number, number])[] }[] =
  [
    {
      widthBytes: 1,
      elements: [
        [239, 1],
        [240, 1],
        [80, 1],
        [21, 4],
        [200, 0],
        [69, 1],
      ],
    },
    {
      widthBytes: 2,
      elements: [
        [181, 14],
        [182, 9],
        [66, 13_870],
        [67, 4055],
        [9, 1310],
      ],
    },
    {
      widthBytes: 4,
      elements: [
        [241, 26_201],
        [16, 4_711_000],
      ],
    },
    { widthBytes: 8, elements: [[78, 0x0123_4567_89ab]] },
  ];

const dayMs = 86_400_000;
/** Records start this long ago and are a second apart, so that none of a ring lies in the future. */
const ringAgeMs = 3 * dayMs;
const ringMaxFrames = 32_768;
const ringMaxBytes = 8 * 1024 * 1024;

/** The IMEI of the unit with this number. */
export function imeiOf(unit: number): string {
  return imeiFrom(`35${String(unit).padStart(12, '0')}`);
}

/** The login of the unit with this number: the length of its IMEI in two bytes, then the IMEI. */
export function loginOf(unit: number): Buffer {
  return Buffer.from(`\0\u000f${imeiOf(unit)}`, 'latin1');
}

/** Frames with rising record times, one behind the other in `bytes`. A run longer than the ring sends it again. */
export interface FrameRing {
  readonly bytes: Buffer;
  readonly frameBytes: number;
  readonly count: number;
}

/** `records` a frame, 1 to 255. */
export function frameRing(records: number, nowMs: number): FrameRing {
  const frameBytes = encodeFrame(records, nowMs).length;
  const count = Math.min(ringMaxFrames, Math.floor(ringMaxBytes / frameBytes));
  const bytes = Buffer.alloc(count * frameBytes);
  const startMs = nowMs - ringAgeMs;
  for (let i = 0; i < count; i++) encodeFrame(records, startMs + i * records * 1000).copy(bytes, i * frameBytes);
  return { bytes, frameBytes, count };
}

/**
 * One frame: preamble, length, codec 8, records a second apart from `firstAtMs`, CRC-16/IBM.
 * Source: Teltonika wiki, Teltonika Data Sending Protocols, Codec 8.
 */
export function encodeFrame(records: number, firstAtMs: number): Buffer {
  const body = Buffer.concat([
    Buffer.from([8, records]),
    ...Array.from({ length: records }, (_, i) => encodeRecord(firstAtMs + i * 1000, i)),
    Buffer.from([records]),
  ]);
  return framed(body);
}

/** Commands and the answers to them. Source: Teltonika wiki, Teltonika Data Sending Protocols, Codec 12. */
export const codec12 = 0x0c;
const replyType = 6;

/** A unit's answer to a command. */
export function encodeReply(text: string): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(text.length);
  return framed(Buffer.concat([Buffer.from([codec12, 1, replyType]), length, Buffer.from(text), Buffer.from([1])]));
}

function framed(body: Buffer): Buffer {
  const frame = Buffer.alloc(8 + body.length + 4);
  frame.writeUInt32BE(body.length, 4);
  body.copy(frame, 8);
  frame.writeUInt32BE(crc16(body), 8 + body.length);
  return frame;
}

const positionBytes = 24;

function encodeRecord(atMs: number, index: number): Buffer {
  const position = Buffer.alloc(positionBytes);
  position.writeBigUInt64BE(BigInt(atMs), 0);
  position.writeInt32BE(133_700_000 + index * 40, 9);
  position.writeInt32BE(525_200_000 + index * 25, 13);
  position.writeInt16BE(34, 17);
  position.writeUInt16BE(118, 19);
  position.writeUInt8(11, 21);
  position.writeUInt16BE(47, 22);
  const total = ioGroups.reduce((sum, group) => sum + group.elements.length, 0);
  return Buffer.concat([position, Buffer.from([0, total]), ...ioGroups.map(encodeGroup)]);
}

function encodeGroup({ widthBytes, elements }: (typeof ioGroups)[number]): Buffer {
  const group = Buffer.alloc(1 + elements.length * (1 + widthBytes));
  group.writeUInt8(elements.length, 0);
  elements.forEach(([id, value], i) => {
    const at = 1 + i * (1 + widthBytes);
    group.writeUInt8(id, at);
    if (widthBytes === 8) group.writeBigUInt64BE(BigInt(value), at + 1);
    else group.writeUIntBE(value, at + 1, widthBytes);
  });
  return group;
}

const crcTable = Uint16Array.from({ length: 256 }, (_, start) => {
  let crc = start;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xa001 : crc >>> 1;
  return crc;
});

function crc16(bytes: Buffer): number {
  let crc = 0;
  for (const byte of bytes) crc = (crc >>> 8) ^ (crcTable[(crc ^ byte) & 0xff] as number);
  return crc;
}

/**
 * What the conformance suites have to be told about a protocol, since the contract does not say it. A protocol that has no row here
 * fails the suite with the request to add one.
 */
import { crc16Arc, crc16X25 } from '../../src/wire/checksum.js';
import type { Vector } from '../support/fixtures.js';

export interface ProtocolFacts {
  /** Bytes of a frame of which every one is covered by a checksum (or is one): `[start, end)`. Undefined for frames without. */
  readonly checked: (vector: Vector) => readonly [start: number, end: number] | undefined;
  /** Bytes between frames that must not cost a frame; undefined where the stream cannot be picked up again. */
  readonly garbage: readonly Buffer[] | undefined;
  /** The end of a datagram ends its last line, so that a shorter line may be a good one. */
  readonly datagramEndsLine: boolean;
  /** The beginning of a frame larger than `limitBytes`, as far as it announces its size. */
  readonly oversized: (limitBytes: number) => Buffer;
  /** Bytes that frames begin and end with: fuzzing uses them more often than chance. */
  readonly markers: readonly number[];
  /** The frame with its length and checksum made good, whatever else is wrong with it. */
  readonly seal: (bytes: Buffer) => Buffer;
  /** Names besides time, place, speed and heading that a unit of this protocol can report. */
  readonly carries: readonly string[];
  /** Units may choose names outside the table of fields. */
  readonly hasOpenNames: boolean;
  /** A login or first frame that the gateway refuses by a reply of the protocol's own. */
  readonly refusesLogins: boolean;
  /** An answer to a command carries a number of its command. */
  readonly correlatesCommands: boolean;
}

const wialonChecked = /^#(?:L#2\.|(?:SD|D|B|M)#).*;[0-9A-F]{4}\r\n$/;

const rows: Readonly<Record<string, ProtocolFacts>> = {
  teltonika: {
    checked: ({ bytes, context }) => {
      const isFrame = context.transport === 'tcp' && bytes.length > 12 && bytes.readUInt32BE(0) === 0;
      return isFrame ? [8, bytes.length] : undefined;
    },
    garbage: undefined,
    datagramEndsLine: false,
    oversized: (limitBytes) => {
      const head = Buffer.alloc(10, 0x08);
      head.writeUInt32BE(0, 0);
      head.writeUInt32BE(limitBytes + 1, 4);
      return head;
    },
    markers: [0x00, 0x0f, 0xff, 0x08, 0x8e, 0x10, 0x0c, 0x01],
    seal: sealTeltonika,
    carries: ['ignition', 'moving', 'board_voltage', 'battery_voltage', 'hdop', 'hw_mileage', 'input_1', 'output_1'],
    hasOpenNames: false,
    refusesLogins: true,
    correlatesCommands: false,
  },
  gt06: {
    checked: ({ bytes }) => (isLongGt06(bytes) ? [2, bytes.length - 2] : undefined),
    garbage: [
      Buffer.from('hello'),
      Buffer.of(0, 1, 2, 3),
      Buffer.of(0x78, 0x0d),
      Buffer.from('\r\n'),
      Buffer.from('78', 'hex'),
    ],
    datagramEndsLine: false,
    oversized: (limitBytes) => {
      const head = Buffer.from('7979000094', 'hex');
      head.writeUInt16BE(Math.min(limitBytes + 1, 0xffff), 2);
      return head;
    },
    markers: [0x78, 0x79, 0x0d, 0x0a, 0x12, 0x22, 0x01, 0x13],
    seal: sealGt06,
    carries: ['ignition'],
    hasOpenNames: false,
    refusesLogins: false,
    correlatesCommands: true,
  },
  'wialon-ips': {
    checked: ({ bytes, context, mirror }) => {
      const text = bytes.toString('latin1');
      if (!mirror || context.transport !== 'tcp' || !wialonChecked.test(text)) return undefined;
      if (!text.startsWith('#L#') && !context.session.startsWith('2')) return undefined;
      return [text.indexOf('#', 1) + 1, bytes.length - 2];
    },
    garbage: [Buffer.from('noise\r\n'), Buffer.from('\r\n'), Buffer.of(0x80, 0x81, 0x0a), Buffer.from('~~~~\n')],
    datagramEndsLine: true,
    oversized: () => Buffer.from('#D#141125;101600;'),
    markers: [...Buffer.from('#SDLBPM;|NA.0123456789\r\n'), 0xff],
    seal: sealWialon,
    carries: [
      'ignition',
      'moving',
      'board_voltage',
      'battery_voltage',
      'battery_level',
      'hdop',
      'hw_mileage',
      'input_1',
      'output_1',
    ],
    hasOpenNames: true,
    refusesLogins: true,
    correlatesCommands: false,
  },
};

/** Marks at the front, CR LF at the end. */
function isLongGt06(bytes: Buffer): boolean {
  const isMarked = bytes.length >= 10 && (bytes.readUInt16BE(0) === 0x7878 || bytes.readUInt16BE(0) === 0x7979);
  return isMarked && bytes.readUInt16BE(bytes.length - 2) === 0x0d0a;
}

export function factsOf(protocol: string): ProtocolFacts {
  const facts = rows[protocol];
  if (facts === undefined) throw new Error(`no facts about ${protocol}: add a row to test/conformance/facts.ts`);
  return facts;
}

function sealTeltonika(bytes: Buffer): Buffer {
  if (bytes.length < 13 || bytes.readUInt32BE(0) !== 0) return bytes;
  const sealed = Buffer.from(bytes);
  sealed.writeUInt32BE(bytes.length - 12, 4);
  sealed.writeUInt32BE(crc16Arc(sealed, 8, bytes.length - 4), bytes.length - 4);
  return sealed;
}

function sealGt06(bytes: Buffer): Buffer {
  if (bytes.length < 10 || (bytes[0] !== 0x78 && bytes[0] !== 0x79)) return bytes;
  const sealed = Buffer.from(bytes);
  const isLong = bytes[0] === 0x79;
  sealed.writeUInt16BE(isLong ? 0x7979 : 0x7878, 0);
  if (isLong) sealed.writeUInt16BE((bytes.length - 6) & 0xffff, 2);
  else sealed.writeUInt8((bytes.length - 5) & 0xff, 2);
  sealed.writeUInt16BE(crc16X25(sealed, 2, bytes.length - 4), bytes.length - 4);
  sealed.writeUInt16BE(0x0d0a, bytes.length - 2);
  return sealed;
}

function sealWialon(bytes: Buffer): Buffer {
  const line = /^([^#]*#[A-Z]+#)(.*;)[^;]*\r?\n$/s.exec(bytes.toString('latin1'));
  if (line === null) return bytes;
  const [, head = '', body = ''] = line;
  const crc = crc16Arc(Buffer.from(body, 'latin1')).toString(16).toUpperCase();
  return Buffer.from(`${head}${body}${crc}\r\n`, 'latin1');
}

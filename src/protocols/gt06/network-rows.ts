/**
 * Layouts of cells and access points, diagnostics, requests, commands with their replies, and what the server sends. Source: Concox,
 * GT06 communication protocol (0x15, 0x80, 0x8A), Jimi JM-VL03 protocol (0x21, 0x28, 0x2C); 0x65, 0x66, 0x70 and 0x8C as public
 * decoders read them.
 */
import { flag, hexBytes, i16, listOf, struct, u8, u16, u32, u32le } from '../../wire/struct.js';
import {
  accessPoint,
  angle,
  bcdClock,
  type CellWidths,
  cell,
  centivolts,
  clock,
  countedBytes,
  courseFlags,
  gpsBlock,
  hexLeft,
  lteCell,
  mac,
  middleCell,
  narrowCell,
  neighbour,
  networkCode,
  optional,
  rest,
  textLeft,
  upTo,
} from './blocks.js';
import { cellGroup, encodedText, flaggedText, phone, watchAccessPoints } from './compound.js';
import { elementList } from './elements.js';
import { part, type Row, row } from './row.js';

const cellTail = { timingAdvance: optional(u8()), language: optional(u16()), raw: rest() };

/** Seven cells, the serving one first. */
function cells(protocol: number, ack: 'none' | undefined, widths = narrowCell): Row {
  return row({
    name: protocol.toString(16).padStart(2, '0'),
    type: 'lbs',
    protocol,
    fields: { clock: clock(), network: networkCode(), cells: upTo(neighbour(widths), 7), ...cellTail },
    ...(ack === undefined ? {} : { ack }),
  });
}

function cellsAndAccessPoints(protocol: number, widths: CellWidths): Row {
  return row({
    name: `${protocol.toString(16)} wifi`,
    type: 'wifi',
    protocol,
    fields: {
      clock: clock(),
      network: networkCode(),
      cells: upTo(neighbour(widths), 7),
      timingAdvance: optional(u8()),
      accessPoints: optional(listOf(accessPoint, u8())),
      raw: rest(),
    },
  });
}

const watchWifi = (protocol: number): Row =>
  row({
    name: `${protocol.toString(16)} watch`,
    type: 'wifi',
    protocol,
    form: 'bare',
    fields: { clock: bcdClock(), accessPoints: watchAccessPoints, cellGroup: optional(cellGroup), raw: rest() },
    ack: 'wifi',
  });

const networks: readonly Row[] = [
  row({
    name: '24 wanway',
    type: 'lbs',
    protocol: 0x24,
    length: 0x31,
    fields: {
      clock: clock(),
      statusByte: u8(),
      network: networkCode(),
      cells: listOf(neighbour(narrowCell), u8()),
      raw: rest(),
    },
  }),
  cells(0x24, undefined),
  cells(0x28, 'none'),
  cells(0x2e, undefined),
  cells(0x18, undefined),
  cells(0x34, undefined),
  cells(0xa1, undefined, lteCell),
  cellsAndAccessPoints(0x2c, narrowCell),
  cellsAndAccessPoints(0xa2, lteCell),
  row({
    name: '33',
    type: 'lbs',
    protocol: 0x33,
    form: 'short',
    fields: { clock: clock(), network: networkCode(), cells: upTo(neighbour(middleCell), 6), raw: rest() },
  }),
  watchWifi(0x17),
  watchWifi(0x69),
  row({
    name: 'f3',
    type: 'wifi',
    protocol: 0xf3,
    fields: {
      clock: clock(),
      accessPoints: listOf(struct('access point', { kind: u16(), mac }), u8()),
      raw: rest(),
    },
  }),
  row({
    name: 'a7',
    type: 'address_request',
    protocol: 0xa7,
    fields: { cell: cell(lteCell), phone, language: optional(u16()), raw: rest() },
  }),
];

const gpsWidth = 12;
const diagnosticHead = { clock: clock(), isAccOn: flag() };

const tag = struct('ble tag', {
  mac,
  voltageV: u16({ div: 1000 }),
  batteryPercent: u8(),
  temperatureC: i16({ div: 10 }),
  humidityPercent: i16(),
  flags: u8(),
});

const modularFix = struct('modular fix', {
  satellites: u8(),
  altitudeM: i16(),
  latDeg: angle,
  lngDeg: angle,
  speedKmh: u8(),
  course: courseFlags,
});

const diagnostics: readonly Row[] = [
  row({
    name: '8c',
    type: 'obd',
    protocol: 0x8c,
    fields: { ...diagnosticHead, obdValues: textLeft(gpsWidth), gps: gpsBlock },
  }),
  row({
    name: '66',
    type: 'obd',
    protocol: 0x66,
    fields: { ...diagnosticHead, pidValues: textLeft(gpsWidth), gps: gpsBlock },
  }),
  row({
    name: '65',
    type: 'obd',
    protocol: 0x65,
    fields: { ...diagnosticHead, faultCodes: textLeft(gpsWidth), gps: gpsBlock },
  }),
  row({
    name: '70',
    type: 'modular',
    protocol: 0x70,
    fields: {
      elements: elementList({
        id: u16(),
        length: u16(),
        table: new Map([
          [0x01, part('unit', { imei: hexBytes(8) })],
          [0x02, part('subscriber', { imsi: hexBytes(8) })],
          [0x03, part('sim', { iccid: hexBytes(10) })],
          [0x0a, part('satellites', { satellitesVisible: u8() })],
          [0x18, part('battery', { batteryVoltageV: centivolts })],
          [0x28, part('hdop', { hdop: u8({ div: 10 }) })],
          [0x2e, part('odometer', { odometerKm: u32le({ div: 1000 }) })],
          [0x33, part('position', { epochS: u32(), gps: modularFix })],
          [
            0x34,
            part('event', {
              modularEvent: struct('event', { code: u8(), atS: u32(), detail: countedBytes() }),
            }),
          ],
          [0x7f, part('ble tags', { bleTags: upTo(tag, 255) })],
        ]),
      }),
      raw: rest(),
    },
    ack: 'long',
  }),
  row({
    name: '9b',
    type: 'serial_data',
    protocol: 0x9b,
    fields: { serialPort: struct('serial data', { port: u8(), bytes: hexLeft() }) },
  }),
];

const requests: readonly Row[] = [
  row({ name: '8a reply', type: 'time_reply', protocol: 0x8a, length: 0x0b, fields: { clock: clock() }, ack: 'none' }),
  row({ name: '8a', type: 'time_request', protocol: 0x8a, fields: { raw: rest() } }),
  row({ name: '97', type: 'address_reply', protocol: 0x97, fields: { raw: rest() }, ack: 'none' }),
];

const commands: readonly Row[] = [
  row({
    name: '80',
    type: 'command',
    protocol: 0x80,
    fields: { command: flaggedText, language: optional(u16()), raw: rest() },
    ack: 'none',
  }),
  row({
    name: '15',
    type: 'command_reply',
    protocol: 0x15,
    fields: { commandReply: flaggedText, language: optional(u16()), raw: rest() },
    ack: 'none',
  }),
  row({ name: '21', type: 'command_reply', protocol: 0x21, fields: { encodedReply: encodedText }, ack: 'none' }),
];

/**
 * Messages whose layouts are not published or are a matter of files: battery management, media and file transfer, photo parts, BLE
 * relays, SIM numbers, answers of other making. Their bytes are kept. Those of 0x36 are too long for a status.
 */
const raws: readonly Row[] = [
  0x14, 0x1b, 0x1f, 0x35, 0x36, 0x40, 0x41, 0x81, 0x82, 0x84, 0x8d, 0x90, 0x98, 0x9a, 0x9c, 0xb2,
].map((protocol) => row({ name: `${protocol.toString(16)} raw`, type: 'raw', protocol, fields: { raw: rest() } }));

/** What the server answers to nearly everything, and what a unit sends when it has nothing to say: no content. */
export const ackRow = row({ name: 'ack', type: 'ack', protocol: 0, fields: {} });

export const networkRows: readonly Row[] = [...networks, ...diagnostics, ...requests, ...commands, ...raws];

/**
 * Layouts of logins, heartbeats, alarms without a position, and the information message 0x94. Source: Concox, GT06 communication
 * protocol (0x01, 0x13), Jimi JM-VL03 protocol (0x94); the model variants as public decoders read them.
 */
import { flag, hexBytes, i16, i32, listOf, u8, u16, u32 } from '../../wire/struct.js';
import {
  absent,
  absentAs,
  alarm,
  bitFields,
  cell,
  centivolts,
  clock,
  gsmLevel,
  lteCell,
  narrowCell,
  optional,
  rest,
  signMagnitude16,
  statusBits,
  textLeft,
  voltageLevel,
  when,
} from './blocks.js';
import { clockUnlessText, keyBytes } from './compound.js';
import { elementList } from './elements.js';
import { part, type Row, type RowSpec, row } from './row.js';
import { level } from './runs.js';

const logins: readonly Row[] = [
  row({ name: '01 short id', type: 'login', protocol: 0x01, length: 0x0c, fields: { loginId: hexBytes(7) } }),
  row({
    name: '01',
    type: 'login',
    protocol: 0x01,
    fields: {
      loginId: hexBytes(8),
      deviceType: optional(hexBytes(2)),
      zone: optional(bitFields(u16(), { hhmm: [4, 12], isWest: [3], spare: [2], language: [0, 2] })),
      raw: rest(),
    },
  }),
];

const seeworld = /seeworld|s11[269]|s102/i;

const heartbeats: readonly Row[] = [
  row({
    name: '13 seeworld',
    type: 'heartbeat',
    protocol: 0x13,
    length: [0x0a, 0x0b],
    model: seeworld,
    fields: { ...level, boardVoltageV: u8(), raw: rest() },
  }),
  row({
    name: '13 r11',
    type: 'heartbeat',
    protocol: 0x13,
    length: [0x09, 0x0a],
    model: /r11/i,
    fields: { status: statusBits, boardVoltageV: centivolts, gsmLevel, raw: rest() },
  }),
  row({
    name: '13 lw4g',
    type: 'heartbeat',
    protocol: 0x13,
    length: 0x0c,
    fields: { ...level, supply: bitFields(u16(), { decivolts: [0, 12], rest: [12, 4] }), raw: rest() },
  }),
  row({
    name: '13 obd6',
    type: 'heartbeat',
    protocol: 0x13,
    length: 0x13,
    fields: {
      status: statusBits,
      signalWord: bitFields(u16(), { csq: [0, 5], satellitesA: [5, 5], satellitesB: [10, 5], spare: [15] }),
      alarm: alarm(),
      batteryPercent: u8(),
      workMode: u8(),
      boardVoltageV: centivolts,
      raw: hexBytes(3),
      // The temperature is there in mode 4 only; the mode stands six bytes before it.
      temperatureC: when(i16({ div: 10 }), (r) => r.bytes[r.offset - 6] === 4),
      moreRaw: rest(),
    },
  }),
  row({
    name: '13 satellites',
    type: 'heartbeat',
    protocol: 0x13,
    length: 0x15,
    fields: {
      statusByte: u8(),
      satellitesVisible: u16(),
      alarm: alarm(),
      batteryPercent: u8(),
      workMode: u8(),
      boardVoltageV: centivolts,
      raw: hexBytes(5),
      temperatureC: signMagnitude16(10, 'positive'),
      moreRaw: rest(),
    },
  }),
  row({
    name: '13',
    type: 'heartbeat',
    protocol: 0x13,
    fields: {
      status: statusBits,
      voltageLevel: optional(voltageLevel),
      gsmLevel: optional(gsmLevel),
      alarm: optional(alarm()),
      raw: rest(),
    },
  }),
  row({
    name: '23',
    type: 'heartbeat',
    protocol: 0x23,
    fields: {
      status: statusBits,
      batteryVoltageV: centivolts,
      gsmLevel: optional(gsmLevel),
      language: optional(u16()),
      raw: rest(),
    },
  }),
  row({
    name: '36',
    type: 'heartbeat',
    protocol: 0x36,
    length: [0, 0x60],
    fields: {
      ...level,
      alarm: optional(alarm()),
      elements: elementList({
        id: u16(),
        length: u8(),
        table: new Map([
          [0x18, part('battery', { batteryVoltageV: centivolts })],
          [0x6a, part('battery level', { batteryPercent: u8() })],
        ]),
      }),
      raw: rest(),
    },
  }),
  row({
    name: 'a3 status',
    type: 'heartbeat',
    protocol: 0xa3,
    length: 0x18,
    fields: {
      status: statusBits,
      raw: hexBytes(3),
      gsmLevel,
      boardVoltageV: u8(),
      moreRaw: hexBytes(3),
      steps: u32(),
      batteryPercent: u8(),
      isCharging: flag(),
      isMoving: flag(),
      rawAtEnd: rest(),
    },
    implies: 'seeworld',
  }),
  row({
    name: 'a3 short status',
    type: 'heartbeat',
    protocol: 0xa3,
    length: [0, 0x2b],
    fields: { status: statusBits, raw: rest() },
    implies: 'seeworld',
  }),
];

const alarms: readonly Row[] = [
  row({
    name: '19',
    type: 'alarm',
    protocol: 0x19,
    length: [0, 0x16],
    fields: { cell: cell(narrowCell), ...level, alarm: alarm(), raw: rest() },
  }),
  row({ name: '19 raw', type: 'alarm', protocol: 0x19, fields: { raw: rest() } }),
  row({
    name: 'a5',
    type: 'alarm',
    protocol: 0xa5,
    fields: { cell: cell(lteCell), ...level, alarm: alarm(), raw: rest() },
  }),
];

/** Information message 0x94 of one kind. */
function information(
  sub: number,
  name: string,
  fields: RowSpec['fields'],
  isMatch?: NonNullable<RowSpec['when']>,
): Row {
  return row({
    name: `94 ${name}`,
    type: 'information',
    protocol: 0x94,
    form: 'long',
    when: (frame, start) => frame[start] === sub && (isMatch?.(frame, start) ?? true),
    fields: { sub: u8(), ...fields },
  });
}

const isLetter = (byte: number | undefined): boolean =>
  byte !== undefined && /[A-Za-z]/.test(String.fromCharCode(byte));

const informations: readonly Row[] = [
  row({
    name: '94 short',
    type: 'information',
    protocol: 0x94,
    form: 'short',
    fields: { boardVoltageV: centivolts, raw: rest() },
  }),
  information(0x00, 'supply', { boardVoltageV: centivolts, raw: rest() }),
  information(0x04, 'parameters', { parameters: textLeft() }),
  information(0x05, 'door', {
    clock: optional(clock(), 7),
    doorFlags: bitFields(u8(), { isOpen: [0], spare: [1], isIoOn: [2], rest: [3, 5] }),
    raw: rest(),
  }),
  information(0x08, 'self-test', { selfTest: textLeft() }),
  information(0x09, 'satellites', { fixMode: u8(), signals: listOf(u8(), u8()), raw: rest() }),
  information(0x0a, 'sim', {
    imei: optional(hexBytes(8)),
    imsi: optional(hexBytes(8)),
    iccid: optional(hexBytes(10)),
    raw: rest(),
  }),
  information(0x0b, 'network', {
    isLte: when(flag(), (r) => r.left === 1),
    boardVoltageV: optional(centivolts),
    raw: rest(),
  }),
  information(0x0d, 'fuel sensor', { clock: clockUnlessText, fuelSentence: textLeft() }),
  information(0x1b, 'key text', { keyText: textLeft() }, (frame, start) => isLetter(frame[start + 1])),
  information(0x1b, 'key', { keyBytes, raw: rest() }),
  information(0x1e, 'climate', {
    temperatureC: absentAs(i32({ div: 10 }), absent.temperatureC),
    humidityPercent: absentAs(u32({ div: 10 }), absent.humidityPercent),
    raw: rest(),
  }),
  row({ name: '94 other', type: 'information', protocol: 0x94, fields: { sub: u8(), raw: rest() } }),
];

export const statusRows: readonly Row[] = [...logins, ...heartbeats, ...alarms, ...informations];

/**
 * Layouts of locations. Source: Concox, GT06 communication protocol (0x12), Jimi JM-VL03 protocol (0x22, 0xA0); the model variants as
 * public decoders read them.
 */
import { flag, hexBytes, i16, u8, u16, u24, u32, u48 } from '../../wire/struct.js';
import {
  absent,
  absentAs,
  alarm,
  bitFields,
  cell,
  centivolts,
  clock,
  countedText,
  decivolts,
  gsmLevel,
  last,
  lteCell,
  middleCell,
  narrowCell,
  neighbour,
  networkCode,
  odometer,
  optional,
  rest,
  signMagnitude8,
  signMagnitude16,
  statusBits,
  upTo,
  voltageLevel,
  when,
} from './blocks.js';
import { adcWords, isDate, lengthCell, phone, sizedDriver, typedCell } from './compound.js';
import { elementList } from './elements.js';
import { part, type Row, row } from './row.js';
import { accTail, fix, head, lteElements } from './runs.js';

/** Status elements behind a time of their own. */
const eventElements = elementList({
  id: u16(),
  length: u8(),
  table: new Map([
    [0x01, part('motion', { isMoving: flag() })],
    [0x02, part('armed', { isArmed: flag() })],
    [0x04, part('acc', { isAccOn: flag() })],
    [0x05, part('power', { boardVoltageV: centivolts })],
    [0x07, part('charging', { isCharging: flag() })],
  ]),
});

const peripheralElements = elementList({
  id: u16(),
  length: u8(),
  longLengths: new Map([[0x0a, u16()]]),
  hasEscape: true,
  table: new Map([]),
});

const base: readonly Row[] = [
  row({ name: '10', type: 'location', protocol: 0x10, fields: { ...fix, raw: rest() }, isLocalTime: true }),
  row({
    name: '11',
    type: 'location',
    protocol: 0x11,
    fields: { ...fix, cell: optional(cell({ lac: 2, cid: 4, mnc: 2 }), 10), raw: rest() },
    isLocalTime: true,
  }),
  ...[0x1a, 0x2a].map((protocol) =>
    row({
      name: `${protocol.toString(16)} address`,
      type: 'address_request',
      protocol,
      length: [0x2e, 0x2f],
      fields: { ...fix, phone, alarmCode: when(u8(), (r) => r.left === 3), language: u16() },
    }),
  ),
  row({ name: '1a', type: 'location', protocol: 0x1a, fields: { ...fix, raw: rest() } }),
  row({ name: '2a', type: 'location', protocol: 0x2a, fields: { ...fix, raw: rest() } }),
  row({
    name: '1e',
    type: 'location',
    protocol: 0x1e,
    fields: {
      ...fix,
      network: optional(networkCode(), 3),
      cells: upTo(neighbour(narrowCell), 7),
      timingAdvance: optional(u8()),
      language: optional(u16()),
      raw: rest(),
    },
  }),
];

const gpsLbs12: readonly Row[] = [
  row({
    name: '12 benway',
    type: 'location',
    protocol: 0x12,
    length: 0x21,
    fields: { ...head, inputMask: bitFields(u16(), { isAccOn: [15], isInput2On: [14], rest: [0, 14] }) },
    isLocalTime: true,
  }),
  row({
    name: '12 acc',
    type: 'location',
    protocol: 0x12,
    length: 0x22,
    fields: { ...head, ...accTail },
    isLocalTime: true,
  }),
  row({
    name: '12 vxt01',
    type: 'location',
    protocol: 0x12,
    length: 0x24,
    fields: { ...head, status: statusBits, boardVoltageV: centivolts, gsmLevel, raw: rest() },
    implies: 'vxt01',
    isLocalTime: true,
  }),
  row({
    name: '12 acc odometer',
    type: 'location',
    protocol: 0x12,
    length: 0x26,
    fields: { ...head, ...accTail, odometerKm: odometer },
    isLocalTime: true,
  }),
  row({
    name: '12 qh302r',
    type: 'location',
    protocol: 0x12,
    length: 0x27,
    when: (frame, start) => isDate(frame, start + 8),
    fields: { imei: hexBytes(8), ...head },
    isLocalTime: true,
  }),
  row({
    name: '12 wetrust',
    type: 'location',
    protocol: 0x12,
    length: 0x29,
    fields: {
      ...head,
      odometerKm: odometer,
      card: countedText(),
      cardAlarm: u8(),
      cardStatus: optional(u8()),
      driveTime: optional(u16()),
      raw: rest(),
    },
    isLocalTime: true,
  }),
  row({
    name: '12 s5',
    type: 'location',
    protocol: 0x12,
    length: 0x2b,
    fields: {
      ...head,
      status: statusBits,
      boardVoltageV: centivolts,
      gsmLevel,
      alarmCode: u8(),
      fuelLevel: u16(),
      temperatureC: signMagnitude8(),
      // The S5 counts tens of metres.
      odometerKm: u32({ div: 100 }),
    },
    isLocalTime: true,
  }),
  row({
    name: '12 gt06e',
    type: 'location',
    protocol: 0x12,
    length: [0x71, 0xffff],
    fields: {
      ...head,
      odometerKm: odometer,
      card: countedText(),
      cardAlarm: optional(u8()),
      isCardSwiped: optional(flag()),
      raw: rest(),
    },
    isLocalTime: true,
  }),
  row({
    name: '12',
    type: 'location',
    protocol: 0x12,
    fields: { ...fix, cell: optional(cell(narrowCell), 8), odometerKm: last(odometer), raw: rest() },
    isLocalTime: true,
  }),
  row({
    name: '17 rfid',
    type: 'location',
    protocol: 0x17,
    length: 0x28,
    fields: { ...head, rfid: hexBytes(8), isKeyAllowed: flag() },
  }),
];

/** Reports in the manner of the VL100: everything in one message, the cell behind its length. */
const report = (cellBytes: 8 | 9) => ({
  locationSource: u8(),
  imei: hexBytes(8),
  deviceClock: clock(),
  ...fix,
  lengthCell: lengthCell(cell(cellBytes === 8 ? narrowCell : middleCell)),
  status: statusBits,
  boardVoltageV: centivolts,
  batteryVoltageV: decivolts,
  gsmLevel,
  alarm: alarm(),
  odometerKm: u24({ div: 1000 }),
  engineHours: absentAs(u24({ div: 60 }), absent.engineHours),
});

const gpsLbs22: readonly Row[] = [
  row({
    name: '22 seeworld',
    type: 'location',
    protocol: 0x22,
    length: 0x2f,
    fields: {
      ...fix,
      cell: cell(middleCell),
      ...accTail,
      odometerKm: odometer,
      runTimeS: u32(),
      temperatureC: signMagnitude16(100, 'negative'),
      humidityPercent: u16({ div: 100 }),
    },
    implies: 'seeworld',
  }),
  row({ name: '22 report', type: 'location', protocol: 0x22, length: 0x3c, fields: { ...report(8), raw: rest() } }),
  ...[0x22, 0x2d].map((protocol) =>
    row({
      name: protocol.toString(16),
      type: 'location',
      protocol,
      fields: {
        ...fix,
        cell: optional(cell(narrowCell), 8),
        isAccOn: optional(flag()),
        uploadMode: optional(u8()),
        isStored: optional(flag()),
        odometerKm: optional(odometer),
        raw: rest(),
      },
    }),
  ),
  row({
    name: '24 sr411',
    type: 'location',
    protocol: 0x24,
    length: 0x2e,
    fields: { ...head, isAccOn: flag(), boardVoltageV: centivolts, batteryVoltageV: centivolts, raw: rest() },
  }),
  row({
    name: '25',
    type: 'location',
    protocol: 0x25,
    fields: { ...report(9), driver: optional(sizedDriver), raw: rest() },
  }),
];

const others: readonly Row[] = [
  row({
    name: '31',
    type: 'location',
    protocol: 0x31,
    fields: {
      ...fix,
      cell: cell({ lac: 2, cid: 4, mnc: 2 }, { bytes: 17, cid: 8 }),
      ...accTail,
      odometerKm: when(odometer, (r) => r.left > 4),
      altitudeM: optional(i16()),
      raw: rest(),
    },
  }),
  row({
    name: '34 x1',
    type: 'location',
    protocol: 0x34,
    length: [55, 0xffff],
    // Cells of the same length have their time where this has the alarm.
    when: (frame, start) => isDate(frame, start + 4),
    fields: {
      alarmNumber: u32(),
      ...fix,
      infoWord: u16(),
      odometerKm: odometer,
      cell: cell({ lac: 2, cid: 4, mnc: 1 }),
      driverNumber: u32(),
      batteryVoltageV: centivolts,
      boardVoltageV: centivolts,
      portWord: u32(),
      inputs: u8(),
      outputs: u8(),
      adcV: adcWords,
      raw: rest(),
    },
  }),
  row({
    name: '36 trx16i',
    type: 'location',
    protocol: 0x36,
    length: 0x35,
    fields: {
      ...fix,
      cell: cell(middleCell),
      ...accTail,
      odometerKm: odometer,
      boardVoltageV: centivolts,
      batteryVoltageV: decivolts,
      engineHours: absentAs(u24({ div: 60 }), absent.engineHours),
      rfid: hexBytes(8),
    },
  }),
  row({
    name: '37',
    type: 'location',
    protocol: 0x37,
    fields: { ...head, ...accTail, elements: lteElements, raw: rest() },
  }),
  row({
    name: '38',
    type: 'location',
    protocol: 0x38,
    fields: { ...fix, uploadMode: u8(), isStored: flag(), typedCell, elements: lteElements, raw: rest() },
  }),
  row({
    name: '61',
    type: 'location',
    protocol: 0x61,
    fields: { imei: hexBytes(8), ...fix, cell: cell(middleCell), driverNumber: u48(), raw: rest() },
  }),
  row({
    name: 'a0',
    type: 'location',
    protocol: 0xa0,
    fields: {
      ...fix,
      cell: optional(cell(lteCell), 15),
      isAccOn: optional(flag()),
      uploadMode: optional(u8()),
      isStored: optional(flag()),
      odometerKm: optional(odometer),
      raw: rest(),
    },
  }),
  row({
    name: 'a2 lwxg',
    type: 'location',
    protocol: 0xa2,
    length: 0x40,
    fields: {
      ...fix,
      cell: cell(lteCell),
      networkKind: u8(),
      status: statusBits,
      boardVoltageV: centivolts,
      voltageLevel,
      gsmLevel,
      alarm: alarm(),
      odometerKm: odometer,
      runTimeS: u32(),
      terminalId: hexBytes(8),
      inputWord: u16(),
    },
    implies: 'lwxg',
  }),
  row({
    name: 'f1',
    type: 'location',
    protocol: 0xf1,
    fields: { epochS: u32(), elements: eventElements, raw: rest() },
  }),
  row({
    name: 'f2',
    type: 'location',
    protocol: 0xf2,
    fields: { epochS: u32(), elements: peripheralElements, raw: rest() },
  }),
];

export const locationRows: readonly Row[] = [...base, ...gpsLbs12, ...gpsLbs22, ...others];

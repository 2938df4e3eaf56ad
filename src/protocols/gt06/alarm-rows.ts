/**
 * Layouts of alarms that bring a position, and of the two AZ735 messages, whose parts have lengths of their own. Source: Concox, GT06
 * communication protocol (0x16), Jimi JM-VL03 protocol (0x26, 0x27, 0xA4); the model variants as public decoders read them.
 */
import { type Field, hexBytes, i16, struct, u8, u16 } from '../../wire/struct.js';
import {
  alarm,
  angle,
  cell,
  clock,
  countedBytes,
  courseFlags,
  gsmLevel,
  last,
  lteCell,
  middleCell,
  narrowCell,
  odometer,
  optional,
  rest,
  statusBits,
  textLeft,
  voltageLevel,
  when,
} from './blocks.js';
import { fixedPart, typedCell } from './compound.js';
import type { FixedPart, Gps } from './message.js';
import { type Row, row } from './row.js';
import { alarmTail, extendedAlarmTail, fix, head, level, lteElements } from './runs.js';

/** GPS part of the AZ735, behind its length. */
const sizedGps: Field<FixedPart<Gps>> = fixedPart(
  struct('gps part', { satellites: u8(), latDeg: angle, lngDeg: angle, speedKmh: u8(), course: courseFlags }),
);
const sizedCell = fixedPart(struct('lbs part', { cell: cell(narrowCell), gsmLevel: optional(gsmLevel) }));
const az735Fields = {
  clock: clock(),
  sizedGps,
  sizedCell,
  neighbourBytes: optional(countedBytes()),
  accessPointBytes: optional(countedBytes()),
};

/** The MCC stands behind time, GPS block and LBS length. */
function hasWideMnc(frame: Buffer, start: number): boolean {
  return ((frame[start + 19] ?? 0) & 0x80) !== 0;
}

const sized = { ...fix, lbsLength: u8() };

const alarms: readonly Row[] = [
  row({
    name: '16 vxt01',
    type: 'alarm',
    protocol: 0x16,
    length: 0x24,
    fields: { ...head, status: statusBits, raw: rest() },
    implies: 'vxt01',
    isLocalTime: true,
  }),
  row({
    name: '16 zero cell',
    type: 'alarm',
    protocol: 0x16,
    length: 0x4a,
    fields: { ...fix, rawBeforeStatus: rest(5), ...alarmTail },
    isLocalTime: true,
  }),
  row({
    name: '16 trx16i',
    type: 'alarm',
    protocol: 0x16,
    length: 0x2d,
    fields: { ...sized, cell: cell(narrowCell), ...alarmTail, rfid: hexBytes(8) },
    implies: 'trx16i',
    isLocalTime: true,
  }),
  row({
    name: '16 seeworld',
    type: 'alarm',
    protocol: 0x16,
    length: 0x26,
    when: (frame, start) => !hasWideMnc(frame, start),
    fields: { ...sized, cell: cell(middleCell), ...alarmTail },
    implies: 'seeworld',
    isLocalTime: true,
  }),
  ...[0x16, 0x26].map((protocol) =>
    row({
      name: protocol.toString(16),
      type: 'alarm',
      protocol,
      fields: {
        ...fix,
        lbsLength: optional(u8()),
        cell: optional(cell(narrowCell), 8),
        status: optional(statusBits),
        voltageLevel: optional(voltageLevel),
        gsmLevel: optional(gsmLevel),
        alarm: optional(alarm()),
        odometerKm: optional(odometer),
        raw: rest(),
      },
      isLocalTime: protocol === 0x16,
    }),
  ),
  row({
    name: '27',
    type: 'alarm',
    protocol: 0x27,
    fields: {
      ...sized,
      cell: cell(narrowCell),
      ...extendedAlarmTail,
      fence: optional(u8()),
      odometerKm: last(odometer),
      raw: rest(),
    },
  }),
  row({
    name: '32 sl4x',
    type: 'alarm',
    protocol: 0x32,
    form: 'short',
    length: [0x27, 0x29],
    fields: {
      ...sized,
      cell: cell({ lac: 2, cid: 4, mnc: 2 }),
      ...level,
      alarmCode: u8(),
      language: when(u8(), (r) => r.left === 1 || r.left === 3),
      altitudeM: optional(i16()),
      raw: rest(),
    },
  }),
  row({
    name: '32',
    type: 'alarm',
    protocol: 0x32,
    form: 'short',
    fields: { ...sized, cell: cell(narrowCell), ...level, alarmCode: u8(), raw: rest() },
  }),
  row({
    name: '39',
    type: 'alarm',
    protocol: 0x39,
    fields: { ...fix, typedCell, ...extendedAlarmTail, elements: lteElements, raw: rest() },
  }),
  row({
    name: 'a3',
    type: 'alarm',
    protocol: 0xa3,
    length: [0x2c, 0xffff],
    fields: { ...sized, cell: cell(lteCell), ...alarmTail, fence: optional(u8()), raw: rest() },
  }),
  row({
    name: 'a4',
    type: 'alarm',
    protocol: 0xa4,
    fields: { ...sized, cell: cell(lteCell), ...extendedAlarmTail, fence: optional(u8()), raw: rest() },
  }),
];

const jc100Fix = struct('jc100 fix', { latDeg: angle, lngDeg: angle, course: courseFlags });
const jc400Fix = struct('jc400 fix', {
  satellites: u8(),
  latDeg: angle,
  lngDeg: angle,
  course: courseFlags,
  speedKmh: u16(),
});

const media: readonly Row[] = [
  row({
    name: '95 jc400',
    type: 'media_event',
    protocol: 0x95,
    when: (frame, start) => frame[start] === 0xff && frame[start + 1] === 0xff,
    fields: {
      marker: u16(),
      formatVersion: u8(),
      clock: clock(),
      gps: jc400Fix,
      boardVoltageV: u16({ div: 10 }),
      mediaEvent: u8(),
      eventValue: optional(u16()),
      fileNames: textLeft(),
    },
  }),
  row({
    name: '95 jc100',
    type: 'media_event',
    protocol: 0x95,
    length: [17, 0xffff],
    fields: { clock: clock(), gps: jc100Fix, mediaEvent: u8(), eventValue: optional(u16()), fileNames: textLeft() },
  }),
  row({
    name: '95 jc100 no fix',
    type: 'media_event',
    protocol: 0x95,
    fields: { clock: clock(), mediaEvent: u8(), eventValue: optional(u16()), fileNames: textLeft() },
  }),
];

const az735: readonly Row[] = [
  row({
    name: '32 az735',
    type: 'location',
    protocol: 0x32,
    form: 'long',
    fields: { ...az735Fields, deviceStatus: optional(u8()), moreRaw: optional(countedBytes()), raw: rest() },
    ack: 'long',
  }),
  row({
    name: '33 az735',
    type: 'alarm',
    protocol: 0x33,
    form: 'long',
    fields: { ...az735Fields, deviceStatus: optional(u8()), moreRaw: optional(countedBytes()), raw: rest() },
    implies: 'az735 alarm',
    ack: 'long',
  }),
];

export const alarmRows: readonly Row[] = [...alarms, ...media, ...az735];

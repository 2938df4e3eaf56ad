/**
 * Runs of fields that many layouts share: the GPS head, the tails of locations and alarms, and the elements of the LTE generation.
 */
import { flag, u8, u16 } from '../../wire/struct.js';
import {
  alarm,
  cell,
  centivolts,
  clock,
  gpsBlock,
  gsmLevel,
  narrowCell,
  odometer,
  statusBits,
  voltageLevel,
} from './blocks.js';
import { elementList } from './elements.js';
import { part } from './row.js';

export const fix = { clock: clock(), gps: gpsBlock };
export const head = { ...fix, cell: cell(narrowCell) };
export const accTail = { isAccOn: flag(), uploadMode: u8(), isStored: flag() };
export const level = { status: statusBits, voltageLevel, gsmLevel };
export const alarmTail = { ...level, alarm: alarm() };
export const extendedAlarmTail = { ...level, alarm: alarm(true) };

/** Elements of the LTE generation, by id. */
export const lteElements = elementList({
  id: u16(),
  length: u8(),
  table: new Map([
    [0x18, part('battery', { batteryVoltageV: centivolts })],
    [0x27, part('external supply', { boardVoltageV: centivolts })],
    [0x2e, part('odometer', { odometerKm: odometer })],
    [0x3b, part('accuracy', { accuracyM: u16({ div: 100 }) })],
    [0x6a, part('battery level', { batteryPercent: u8() })],
  ]),
});

/**
 * What every field of the content means in a record, and how a record is put back into it. The table has an entry for each key of
 * `Content`: the compiler refuses a layout field that would be dropped.
 */

import type { Struct } from '../../wire/struct.js';
import { absent } from './blocks.js';
import type { Draft } from './draft.js';
import { digits, flag, type Meaning, number, numberBelow, raw, structural, text } from './meaning-kit.js';
import type { Content, Element } from './message.js';
import {
  imeiOf,
  isoOf,
  putAccessPointBytes,
  putAccessPoints,
  putBits,
  putBleTags,
  putClock,
  putCsq,
  putDeviceStatus,
  putGps,
  putGsmLevel,
  putLengthCell,
  putModularEvent,
  putNeighbourBytes,
  putReply,
  putSatellitesVisible,
  putSerialData,
  putSizedCell,
  putSizedGps,
  putVoltageLevel,
  zoneMinutes,
} from './put.js';
import { mediaEvents } from './spec.js';
import {
  adcVolts,
  decimalKeyOf,
  hexKeyOf,
  takeAccessPoints,
  takeCell,
  takeCells,
  takeEvent,
  takeGps,
  takeStatus,
  takeWord,
  toGsmLevel,
  toVoltageLevel,
} from './take.js';
import {
  putFaultCodes,
  putFuelSentence,
  putObdValues,
  putParameters,
  putPidValues,
  putRelay,
  takeFuelSentence,
  takeObdValues,
  takePidValues,
} from './texts.js';

type Meanings = { readonly [K in keyof Content]-?: Meaning<NonNullable<Content[K]>> };

/** A word of bits that nobody has told the meaning of. */
const bits = number('status_bits', 0);

const upperHex = (hex: string): string => hex.toUpperCase();

const longestNumber = 12;

/** Elements without a layout go under their id: as a number up to six bytes, as hex beyond. */
function putElements(elements: readonly Element[], draft: Draft): void {
  for (const { id, content, raw: hex } of elements) {
    const layout = draft.elements?.get(id);
    if (content !== undefined && layout !== undefined) putContent(content, layout, draft);
    else if (hex && hex.length <= longestNumber) draft.set(`avl_io_${id}`, Number.parseInt(hex, 16));
    else if (hex) draft.set(`element_${id}`, hex);
  }
}

export const meanings: Meanings = {
  loginId: structural,
  imei: {
    put: (hex, draft) => draft.set('imei', imeiOf(hex)),
    take: (record) => record.text('imei')?.padStart(16, '0'),
  },
  deviceType: { put: (hex, draft) => draft.set('device_type', hex) },
  zone: {
    put(zone, draft) {
      draft.set('time_zone_min', zoneMinutes(zone));
      draft.set('language', zone.language);
    },
  },
  clock: { put: putClock, take: ({ update }) => Math.floor(update.at / 1000) * 1000 },
  deviceClock: {
    put: (value, draft) => draft.set('device_time', typeof value === 'number' ? isoOf(value) : undefined),
  },
  epochS: {
    put: (value, draft) => (value === 0 ? undefined : putClock(value * 1000, draft)),
    take: ({ update }) => Math.floor(update.at / 1000),
  },

  gps: { put: putGps, take: takeGps },
  sizedGps: { put: putSizedGps },
  altitudeM: {
    put: (value, draft) => draft.altitude(value),
    take: ({ update }) => Math.round(update.position?.altitudeM ?? 0),
  },
  accuracyM: {
    ...number('precision'),
    put: (value, draft) => (value === 0 ? undefined : draft.set('precision', value)),
  },
  hdop: {
    put: (value, draft) => (value === 0 || value >= 99 ? undefined : draft.set('hdop', value)),
    take: (record) => record.number('hdop'),
  },
  locationSource: number('location_source'),
  cell: {
    put: (cell, draft) => draft.cell(cell),
    take: takeCell,
  },
  lbsLength: { put: () => {}, take: () => 9 },
  lengthCell: { put: putLengthCell },
  sizedCell: { put: putSizedCell },
  typedCell: {
    put(cell, draft) {
      draft.network = cell;
      draft.cells([cell]);
    },
  },
  network: {
    take: takeCell,
    put(network, draft) {
      draft.network = network;
    },
  },
  cells: { put: (cells, draft) => draft.cells(cells), take: takeCells },
  cellGroup: {
    put({ network, cells }, draft) {
      draft.network = network;
      draft.cells(cells);
    },
  },
  neighbourBytes: { put: putNeighbourBytes },
  timingAdvance: {
    take: (record) => record.number('gsm_timing_advance') ?? 0xff,
    put: (value, draft) => (value === 0xff ? undefined : draft.set('gsm_timing_advance', value)),
  },
  accessPoints: { put: putAccessPoints, take: takeAccessPoints },
  accessPointBytes: { put: putAccessPointBytes },
  networkKind: number('gsm_network_type_code'),
  isLte: {
    put: (value, draft) => draft.set('gsm_network_type', value ? 'LTE' : 'GSM'),
    take(record) {
      const name = record.text('gsm_network_type');
      return name === undefined ? undefined : name === 'LTE';
    },
  },

  status: {
    put(status, draft) {
      draft.set('armed', status.isArmed);
      draft.acc(status.isAccOn);
      draft.set('charging_status', status.isCharging);
      draft.set('external_power_state', status.isCharging);
      draft.alarmClass(status.alarmClass);
      draft.set('gps_tracking', status.isGpsOn);
      putRelay(status.isRelayCut, draft);
    },
    take: takeStatus,
  },
  voltageLevel: {
    put: putVoltageLevel,
    take: (record) => toVoltageLevel(record.number('battery_level')),
  },
  gsmLevel: {
    put: putGsmLevel,
    take: (record) => toGsmLevel(record.number('gsm_signal_level')),
  },
  signalWord: {
    put({ csq, satellitesA, satellitesB }, draft) {
      putCsq(csq, draft);
      draft.set('satellites_visible', satellitesA + satellitesB);
    },
  },
  satellitesVisible: { put: putSatellitesVisible, take: (record) => record.number('satellites_visible') },
  supply: {
    put(value, draft) {
      draft.set('board_voltage', value.decivolts / 10);
      if (value.rest !== 0) draft.set('status_bits', value.rest);
    },
  },
  isAccOn: {
    put: (isOn, draft) => draft.acc(isOn),
    take: (record) => record.flag('ignition') ?? record.flag('input_1'),
  },
  isArmed: flag('armed'),
  isMoving: flag('moving'),
  isCharging: flag('charging_status'),
  uploadMode: number('upload_mode', 0),
  isStored: {
    put(isStored, draft) {
      draft.isBacklog = isStored;
      draft.set('archive', isStored);
    },
    take: ({ update }) => update.backlog,
  },
  workMode: number('work_mode'),
  inputMask: {
    put({ isAccOn, isInput2On, rest }, draft) {
      draft.acc(isAccOn);
      draft.set('input_2', isInput2On);
      if (rest !== 0) draft.set('status_bits', rest);
    },
  },
  inputs: {
    put: (word, draft) => putBits(word, 0, 7, draft),
    take: (record) => takeWord(record, 'input'),
  },
  // The status byte before it has ACC, which is input 1.
  inputWord: { put: (word, draft) => putBits(word, draft.has('input_1') ? 1 : 0, 15, draft) },
  outputs: {
    put: (word, draft) => {
      for (let bit = 0; bit < 8; bit++) draft.set(`output_${bit + 1}`, ((word >>> bit) & 1) === 1);
    },
    take: (record) => takeWord(record, 'output'),
  },
  portWord: {
    put: (value, draft) => draft.set('port_bits', value),
    take: (record) => adcVolts(record).length * 2 ** 20,
  },
  infoWord: bits,
  statusByte: bits,
  deviceStatus: { put: putDeviceStatus },

  alarm: {
    put({ code, language }, draft) {
      draft.alarm(code);
      draft.set('language', language);
    },
    take: (record) => ({ code: takeEvent(record) ?? 0, language: record.number('language') ?? 0 }),
  },
  alarmCode: { put: (code, draft) => draft.alarm(code) },
  alarmNumber: {
    put(code, draft) {
      draft.event(code, 8, undefined);
    },
    take: (record) => takeEvent(record) ?? 0,
  },
  cardAlarm: { put: (code, draft) => draft.event(code, 2, 'general') },
  language: number('language'),
  fence: number('fence_number', 0),
  marker: structural,
  formatVersion: structural,
  mediaEvent: { put: (code, draft) => draft.event(code, 2, mediaEvents.get(code)) },
  modularEvent: { put: putModularEvent },
  eventValue: number('event_value'),
  fileNames: text('media_files'),

  odometerKm: numberBelow('hw_mileage', absent.odometerKm),
  boardVoltageV: numberBelow('board_voltage', absent.centivolts),
  batteryVoltageV: numberBelow('battery_voltage', absent.decivolts),
  batteryPercent: numberBelow('battery_level', 101),
  temperatureC: numberBelow('temp_sensor', absent.temperatureC),
  humidityPercent: numberBelow('humidity', 100.1),
  fuelLevel: number('fuel_level'),
  runTimeS: number('run_time'),
  engineHours: numberBelow('engine_hours', absent.engineHours),
  driveTime: number('drive_time'),
  steps: number('steps'),
  adcV: {
    put: (volts, draft) => volts.forEach((each, i) => void draft.set(`analog_${i + 1}`, each)),
    take: adcVolts,
  },
  bleTags: { put: putBleTags },

  card: text('hardware_key'),
  cardStatus: number('card_status'),
  isCardSwiped: flag('card_swiped'),
  rfid: {
    ...digits('hardware_key', upperHex),
    take: (record) => hexKeyOf(record) ?? '0'.repeat(16),
  },
  isKeyAllowed: flag('driver_authorized'),
  driverNumber: {
    put: (value, draft) => (value === 0 ? undefined : draft.set('hardware_key', String(value))),
    take: (record) => decimalKeyOf(record) ?? 0,
  },
  driver: { put: ({ id }, draft) => draft.setText('hardware_key', upperHex(id)) },
  keyText: text('hardware_key'),
  keyBytes: { put: ({ id }, draft) => draft.set('hardware_key', upperHex(id)) },
  terminalId: digits('terminal_id', upperHex),

  sub: structural,
  doorFlags: {
    take: (record) => ({
      isOpen: record.flag('door') ?? record.flag('input_2') ?? false,
      spare: false,
      isIoOn: record.flag('input_3') ?? false,
      rest: 0,
    }),
    put({ isOpen, isIoOn, spare, rest }, draft) {
      draft.set('door', isOpen);
      draft.set('input_2', isOpen);
      draft.set('input_3', isIoOn);
      if (spare || rest !== 0) draft.set('status_bits', (spare ? 2 : 0) + rest * 8);
    },
  },
  parameters: { put: putParameters },
  selfTest: text('status'),
  fixMode: number('gnss_fix_mode'),
  signals: {
    put(signals, draft) {
      draft.set('satellites_visible', signals.length);
      draft.setText('satellite_signals', signals.join(' '));
    },
    take: (record) => record.text('satellite_signals')?.split(' ').map(Number),
  },
  imsi: {
    ...digits('imsi', (hex) => hex.replace(/^0/, '').replace(/f+$/i, '')),
    take: (record) => record.text('imsi')?.padStart(16, '0'),
  },
  iccid: {
    ...digits('iccid', (hex) => upperHex(hex.replace(/f+$/i, ''))),
    take: (record) => record.text('iccid')?.padEnd(20, 'f'),
  },
  fuelSentence: { put: putFuelSentence, take: takeFuelSentence },
  obdValues: { put: putObdValues, take: takeObdValues },
  pidValues: { put: putPidValues, take: takePidValues },
  faultCodes: {
    put: putFaultCodes,
    take: (record) => record.text('obd_dtc_codes')?.replaceAll(' ', ','),
  },
  serialPort: {
    put: putSerialData,
    take: (record) => ({ port: 1, bytes: Buffer.from(record.text('rs232_1') ?? '', 'latin1').toString('hex') }),
  },
  elements: { put: putElements },
  phone: {
    put(number, draft) {
      if (!/^[0\s\xff]*$/.test(number.replaceAll('\0', ''))) draft.setText('phone', number);
    },
  },

  command: structural,
  commandReply: { put: ({ text: reply }, draft) => putReply(reply, draft) },
  encodedReply: { put: ({ text: reply }, draft) => putReply(reply, draft) },

  raw,
  moreRaw: raw,
  rawAtEnd: raw,
  rawBeforeStatus: raw,
};

type Put = (value: unknown, draft: Draft) => void;
type Step = readonly [field: keyof Content, put: Put];

const plans = new Map<Struct<Content>, readonly Step[]>();

/** What to call for each field of a layout, found once. */
function planOf(layout: Struct<Content>): readonly Step[] {
  let plan = plans.get(layout);
  if (plan === undefined) {
    plan = layout.fields.map((field): Step => [field, (meanings[field] as Meaning<unknown>).put]);
    plans.set(layout, plan);
  }
  return plan;
}

/** Tells `draft` all that `content`, read with `layout`, says. */
export function putContent(content: Content, layout: Struct<Content>, draft: Draft): void {
  for (const [field, put] of planOf(layout)) {
    const value = content[field];
    if (value !== undefined) put(value, draft);
  }
}

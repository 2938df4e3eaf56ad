/**
 * Everything of Wialon IPS that is a table: message types with their answers, data lines, headers of binary blocks, limits and the
 * parameter names whose meaning is known. Decoder, encoder, mapping and virtual units read these and nothing else.
 * Source: Wialon IPS 1.1, 2.0 and 2.1 (Gurtam), message types, checksum and answers.
 */
import { decimal, decimalList, degreesMinutes, type RecordOf, text, textRecord } from '../../wire/text-record.js';
import { bitMask, dateTime, parameters } from './columns.js';

/** Longest line, bytes, line end included; the parts of a black box add up. */
export const maxLineBytes = 32_768;
/** Bytes without a `#` and without a line end before they count as garbage. */
export const maxSilentBytes = 2048;
/** Largest photo or tachograph block, bytes. */
export const maxBlockBytes = 65_536;
/** Largest content of a compressed container, bytes. */
export const maxInflatedBytes = 1_048_576;
/** Most lines in a compressed container. */
export const maxContainerLines = 4096;
/** Most bodies we put into one black box; any number is read. */
export const maxBlackBoxBodies = 100;

/** First byte of a compressed container: 0xFF, length (u16, little-endian), zlib stream. */
export const containerMark = 0xff;

/** Longest identity before the `#` of a datagram, with or without a version before it. */
export const senderForm = /^(?:(\d+\.\d+);)?([0-9A-Za-z\-_.:@]{1,64})$/;
/** A first login field of this form is a version; without one the login is 1.1. */
export const versionForm = /^\d+\.\d+$/;

/** Date, place and movement. Speed km/h, course degrees, height m. */
const place = {
  at: dateTime(),
  latDeg: degreesMinutes(2, 'N', 'S', { minDigits: 4 }),
  lngDeg: degreesMinutes(3, 'E', 'W', { minDigits: 4 }),
  speedKmh: decimal(),
  headingDeg: decimal(),
  altitudeM: decimal(),
  satellites: decimal(),
};

/** Body of `SD`. */
export const shortData = textRecord('short data', ';', place);

/** Body of `D`. `analog` in volts from the first input on, NaN where one is left out. */
export const fullData = textRecord('data', ';', {
  ...place,
  hdop: decimal(),
  inputs: bitMask(),
  outputs: bitMask(),
  analog: decimalList(','),
  hardwareKey: text(),
  parameters: parameters(),
});

export type ShortData = RecordOf<typeof shortData>;
export type FullData = RecordOf<typeof fullData>;

/** What the columns of a sample are called in the vendor's documents, where ours have other names. */
export const columnTitles: ReadonlyMap<string, string> = new Map([
  ['at', 'date and time'],
  ['latDeg', 'latitude'],
  ['lngDeg', 'longitude'],
  ['speedKmh', 'speed'],
  ['headingDeg', 'course'],
  ['altitudeM', 'height'],
  ['satellites', 'sats'],
]);

/** `L` of 1.1 and of 2.x. */
export const oldLogin = textRecord('login', ';', { deviceId: text(), password: text() });
export const versionedLogin = textRecord('login', ';', { version: text(), deviceId: text(), password: text() });

/** `I`: size of the block that follows, its number from 0, number of the last block (some units: count of blocks), time, file name. */
export const imageHeader = textRecord('image', ';', {
  sizeBytes: decimal(),
  index: decimal(),
  last: decimal(),
  at: dateTime(),
  fileName: text(),
});

/** `IT`: what a tachograph file will bring. */
export const tachoInfo = textRecord('tachograph info', ';', {
  at: dateTime(),
  driverId: text(),
  code: text(),
  blocks: decimal(),
});

/** `T`: one block of a tachograph file. */
export const tachoHeader = textRecord('tachograph block', ';', {
  code: text(),
  sizeBytes: decimal(),
  index: decimal(),
});

/** `US`, `UC`: size of the block that follows. */
export const blockHeader = textRecord('block', ';', { sizeBytes: decimal() });

/**
 * How a line carries its checksum.
 * - `none`: never.
 * - `versioned`: one field more when the first field is a version.
 * - `counted`: one field more than `fields` says.
 * - `last`: after the last `;`; the text before it is free, so only the version or a matching value tells.
 * - `body`: after the last `|`.
 */
export type ChecksumRule = 'none' | 'versioned' | 'counted' | 'last' | 'body';

export interface LineRow {
  readonly title: string;
  readonly from: 'unit' | 'server' | 'both';
  readonly checksum: ChecksumRule;
  /** Field counts without checksum, for `counted`. */
  readonly fields?: readonly number[];
  /** Field that holds the size of a block which follows the line. */
  readonly sizeField?: number;
  /** Answer values: content that cannot be read, wrong checksum, and what an acknowledgement says. Absent: no answer. */
  readonly refused?: string;
  readonly badChecksum?: string;
  readonly accepted?: string;
}

const dataFields = [shortData.width, fullData.width];

/** Every message type that has a meaning here. Video types (2.1) and unknown ones are read as `other` and not answered. */
export const lineTable: Readonly<Record<string, LineRow>> = {
  L: { title: 'login', from: 'unit', checksum: 'versioned', refused: '0', badChecksum: '10', accepted: '1' },
  SD: {
    title: 'short data',
    from: 'unit',
    checksum: 'counted',
    fields: dataFields,
    refused: '-1',
    badChecksum: '13',
    accepted: '1',
  },
  D: {
    title: 'data',
    from: 'unit',
    checksum: 'counted',
    fields: dataFields,
    refused: '-1',
    badChecksum: '16',
    accepted: '1',
  },
  B: { title: 'black box', from: 'unit', checksum: 'body', refused: '0', badChecksum: '' },
  P: { title: 'ping', from: 'unit', checksum: 'none', accepted: '' },
  M: { title: 'driver message', from: 'both', checksum: 'last', refused: '0', badChecksum: '01', accepted: '1' },
  I: {
    title: 'image block',
    from: 'unit',
    checksum: 'counted',
    fields: [imageHeader.width],
    sizeField: 0,
    refused: '0',
    badChecksum: '01',
    accepted: '1',
  },
  IT: {
    title: 'tachograph info',
    from: 'unit',
    checksum: 'counted',
    fields: [tachoInfo.width],
    refused: '0',
    badChecksum: '01',
    accepted: '1',
  },
  T: {
    title: 'tachograph block',
    from: 'unit',
    checksum: 'counted',
    fields: [tachoHeader.width],
    sizeField: 1,
    refused: '0',
    badChecksum: '01',
    accepted: '1',
  },
  US: { title: 'firmware', from: 'server', checksum: 'counted', fields: [blockHeader.width], sizeField: 0 },
  UC: { title: 'configuration', from: 'server', checksum: 'counted', fields: [blockHeader.width], sizeField: 0 },
  QI: { title: 'image query', from: 'server', checksum: 'none' },
  QT: { title: 'tachograph query', from: 'server', checksum: 'last' },
};

/** Answers of a server: `A` and the code of what is answered. */
export const answerCodes: ReadonlySet<string> = new Set(['AL', 'ASD', 'AD', 'AB', 'AP', 'AM', 'AI', 'AIT', 'AT']);

/** Codes of lines whose body cannot hold a `#`: one inside begins another line, whose forerunner was cut off. */
export const hashFreeCodes: ReadonlySet<string> = new Set(['SD', 'D', 'B', 'P', 'IT', 'T']);

/** Codes that a unit opens a connection or a datagram with. */
export const openingCodes: ReadonlySet<string> = new Set(['L', 'SD', 'D', 'B', 'P', 'M', 'I', 'IT', 'T']);

/** A parameter whose name is not ours but whose meaning is known: our name, and what its value is divided by. */
export interface Alias {
  readonly name: string;
  readonly div?: number;
  /** The value is a signal quality of AT+CSQ, see `signalPercent`. */
  readonly csq?: boolean;
}

/** Names that units of the field give their parameters. They are written by firmware, so letter case counts. */
export const aliases: ReadonlyMap<string, Alias> = new Map<string, Alias>([
  ['accuracy', { name: 'precision' }],
  ['bat', { name: 'battery_level' }],
  ['BatteryLevel', { name: 'battery_level' }],
  ['b', { name: 'battery_voltage' }],
  ['VBAT', { name: 'battery_voltage' }],
  ['pwr_int', { name: 'battery_voltage' }],
  ['pwr_ext', { name: 'board_voltage' }],
  ['PWR', { name: 'board_voltage' }],
  ['ADC0', { name: 'analog_1', div: 1000 }],
  ['ADC1', { name: 'analog_2', div: 1000 }],
  ['AIN1', { name: 'analog_1' }],
  ['AIN2', { name: 'analog_2' }],
  ...numbered('DIN', 'input_', 4),
  ['temp', { name: 'ext_temp_sensor_1' }],
  ['temperature', { name: 'ext_temp_sensor_1' }],
  ...numbered('temp_', 'ext_temp_sensor_', 16),
  ['odo', { name: 'hw_mileage' }],
  ['mileage', { name: 'hw_mileage' }],
  ['movement', { name: 'moving' }],
  ['motion', { name: 'moving' }],
  ['ign', { name: 'ignition' }],
  ['acc', { name: 'ignition' }],
  ['event', { name: 'event_code' }],
  ['gsm_signal', { name: 'gsm_signal_level', csq: true }],
  ['csq', { name: 'gsm_signal_level', csq: true }],
]);

function numbered(prefix: string, ours: string, count: number): [string, Alias][] {
  return Array.from({ length: count }, (_, i) => [`${prefix}${i + 1}`, { name: `${ours}${i + 1}` }]);
}

/** Parts of a serving or neighbour cell: parameter name without its number, and the name in a cell of `gsm_cells`. */
export const cellParts: ReadonlyMap<string, 'mcc' | 'mnc' | 'lac' | 'cid'> = new Map([
  ['mcc', 'mcc'],
  ['mnc', 'mnc'],
  ['lac', 'lac'],
  ['cell_id', 'cid'],
]);

/** Names of the serving cell's parts as fields of their own. */
export const servingCellNames = { mcc: 'gsm_mcc', mnc: 'gsm_mnc', lac: 'gsm_lac', cid: 'gsm_cell_id' } as const;

/** Most cells one record can name: no number, then 1 to 9. */
export const maxCells = 10;

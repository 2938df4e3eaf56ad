/**
 * What Teltonika's protocol consists of, as tables: codec ids, the fixed part of a record, the layout of the I/O block of each codec,
 * command types, and the AVL ids of each model family. Decoder, encoder, mapping and tests read the same rows.
 *
 * Source: Teltonika wiki, "Teltonika Data Sending Protocols" (frames) and "FMB120 / FMC130 / FMM640 Teltonika Data Sending
 * Parameters ID" with "FMB CAN adapters" (ids), unless a row says otherwise.
 */
import { i16, i32, type MessageOf, struct, u8, u16, u64 } from '../../wire/struct.js';

/** First byte of the data field. */
export const codecId = {
  gh: 0x07,
  avl8: 0x08,
  command12: 0x0c,
  command13: 0x0d,
  command14: 0x0e,
  command15: 0x0f,
  avl16: 0x10,
  avl8Extended: 0x8e,
} as const;

/** Type byte of a command frame. */
export const commandType = { command: 0x05, response: 0x06, serial: 0x0b, camera: 0x0d, otherImei: 0x11 } as const;

/** Largest data field that is accepted: well above the vendor's 1280, for beacon lists and camera parts. Bytes. */
export const maxDataBytes = 8192;
/** Preamble and length before, checksum behind the data field. Bytes. */
export const headBytes = 8;
export const checksumBytes = 4;
/** Records of one frame: their number is a byte. */
export const maxRecords = 255;
/** A login announces an identity of at most this many digits. */
export const maxImeiDigits = 64;
/** Bytes before the data field of a datagram whose IMEI has 15 digits. */
export const datagramHeadBytes = 23;

/** Time, priority and GPS element, alike in codecs 8, 8 Extended and 16. Coordinates in degrees, altitude m, speed km/h. */
export const avlFix = struct('avl record', {
  at: u64(),
  priority: u8(),
  lng: i32({ div: 1e7 }),
  lat: i32({ div: 1e7 }),
  altitudeM: i16(),
  angleDeg: u16(),
  satellites: u8(),
  speedKmh: u16(),
});
export type AvlFix = MessageOf<typeof avlFix>;

/** How the I/O block of a codec differs from the others. */
export interface AvlLayout {
  readonly codec: number;
  readonly title: string;
  readonly wideEvent: boolean;
  readonly generationType: boolean;
  readonly wideCounts: boolean;
  readonly idBytes: 1 | 2;
  readonly variableGroup: boolean;
}

export const avlLayouts: readonly AvlLayout[] = [
  {
    codec: codecId.avl8,
    title: 'codec 8',
    wideEvent: false,
    generationType: false,
    wideCounts: false,
    idBytes: 1,
    variableGroup: false,
  },
  {
    codec: codecId.avl8Extended,
    title: 'codec 8 extended',
    wideEvent: true,
    generationType: false,
    wideCounts: true,
    idBytes: 2,
    variableGroup: true,
  },
  {
    codec: codecId.avl16,
    title: 'codec 16',
    wideEvent: true,
    generationType: true,
    wideCounts: false,
    idBytes: 2,
    variableGroup: false,
  },
];

/** Generation types of codec 16, for people. */
export const generationTypes = [
  'on exit',
  'on entrance',
  'on both',
  'reserved',
  'hysteresis',
  'on change',
  'eventual',
  'periodical',
] as const;

/** Priorities of a record, for people. */
export const priorities = ['low', 'high', 'panic', 'security'] as const;

/** What a row does with its value; numbers in this order, since the mapping compares them for every element. */
export const ioKind = {
  /** Zero or not. */
  flag: 0,
  /** An unsigned number as it is. */
  plain: 1,
  /** raw / div, unsigned. */
  divided: 2,
  lastSimple: 2,
  /** (raw + add) / div, absent for the values in `none` and outside of `floor` to `ceiling`. */
  number: 3,
  /** Zero means true. */
  notFlag: 4,
  /** Eight bytes as hex, absent when 0. */
  key: 5,
  /** 0 to 5 bars to percent. */
  bars: 6,
  /** A word of `texts`. */
  word: 7,
  /** MCC and MNC as one decimal number. */
  operator: 8,
  /** Home or roaming, and standing or moving, in one number. */
  dataMode: 9,
  /** Receiver state: a word that also tells whether the coordinates are old. */
  gnss: 10,
  /** Needs the other elements of the record: mapped after them, by the function named in `late`. */
  late: 11,
  /** Bytes of the group of variable length, read by the function named in `variable`. */
  variable: 12,
} as const;

/** 0 stands for the group of variable length. */
export type IoWidth = 0 | 1 | 2 | 4 | 8;

/** Mappings of elements that depend on each other. */
export type LateKind =
  | 'alternate'
  | 'cell4g'
  | 'sharedKey'
  | 'authorizedKey'
  | 'decimalPair'
  | 'asciiPair'
  | 'phoneAddress'
  | 'engineTemperature'
  | 'doorBit'
  | 'doorWord'
  | 'controlWord'
  | 'securityWord'
  | 'lampNumber'
  | 'lampFlag';

/** Readings of the group of variable length. */
export type VariableKind = 'text' | 'positionText' | 'faultCodes' | 'simpleBeacons' | 'beacons' | 'hex';

/**
 * One AVL id of one width. The same id in a group of another width is another model's element, so it keeps to its number unless a
 * second row names it.
 */
export interface IoRow {
  readonly id: number;
  readonly name: string;
  readonly width: IoWidth;
  readonly kind: number;
  readonly signed: boolean;
  readonly div: number;
  readonly add: number;
  /** Values that mean "no data", before scaling. */
  readonly none: readonly number[];
  /** The first of `none`; NaN when there is none. Most rows have one or none, and comparing is cheaper than searching. */
  readonly firstNone: number;
  /** Smaller and larger values are error codes, before scaling. */
  readonly floor: number;
  readonly ceiling: number;
  readonly texts: readonly (string | undefined)[];
  /** Bit n set: value n of a receiver state means that coordinates are the last known ones. */
  readonly noFixMask: number;
  readonly late: LateKind | undefined;
  readonly variable: VariableKind;
  /** Where the value goes when the name is taken by another element; undefined for `avl_io_<id>`. */
  readonly otherwise: string | undefined;
  /** The id that holds the other half of the value. */
  readonly partner: number;
}

type IoOptions = Partial<Omit<IoRow, 'id' | 'name' | 'width' | 'firstNone'>>;

/** Name of an element that has none of its own. */
export function rawName(id: number): string {
  return `avl_io_${id}`;
}

function row(id: number, name: string, width: IoWidth, options: IoOptions = {}): IoRow {
  return {
    id,
    name,
    width,
    kind: options.kind ?? kindOf(width, options),
    signed: options.signed ?? false,
    div: options.div ?? 1,
    add: options.add ?? 0,
    none: options.none ?? [],
    firstNone: options.none?.[0] ?? Number.NaN,
    floor: options.floor ?? Number.NEGATIVE_INFINITY,
    ceiling: options.ceiling ?? Number.POSITIVE_INFINITY,
    texts: options.texts ?? [],
    noFixMask: options.noFixMask ?? 0,
    late: options.late,
    variable: options.variable ?? 'hex',
    otherwise: options.otherwise,
    partner: options.partner ?? 0,
  };
}

/** The simplest kind that does what `options` ask. */
function kindOf(width: IoWidth, options: IoOptions): number {
  if (width === 0) return ioKind.variable;
  if (options.late !== undefined) return ioKind.late;
  const { signed, add, none, floor, ceiling, div } = options;
  const isSimple = [signed, add, none, floor, ceiling].every((option) => option === undefined);
  if (!isSimple) return ioKind.number;
  return div === undefined ? ioKind.plain : ioKind.divided;
}

const u1 = (id: number, name: string, options?: IoOptions) => row(id, name, 1, options);
const u2 = (id: number, name: string, options?: IoOptions) => row(id, name, 2, options);
const u4 = (id: number, name: string, options?: IoOptions) => row(id, name, 4, options);
const i1 = (id: number, name: string, options?: IoOptions) => u1(id, name, { ...options, signed: true });
const i2 = (id: number, name: string, options?: IoOptions) => u2(id, name, { ...options, signed: true });
const i4 = (id: number, name: string, options?: IoOptions) => u4(id, name, { ...options, signed: true });
const flag = (id: number, name: string, options?: IoOptions) => row(id, name, 1, { ...options, kind: ioKind.flag });
const key = (id: number, name: string) => row(id, name, 8, { kind: ioKind.key });
const bytes = (id: number, name: string, variable: VariableKind) => row(id, name, 0, { variable });
/** Elements without a name that are signed. */
const signed1 = (...ids: number[]) => ids.map((id) => i1(id, rawName(id)));
const signed2 = (...ids: number[]) => ids.map((id) => i2(id, rawName(id)));
/** `make(id, name_1)`, `make(id, name_2)` ... */
const numbered = (ids: readonly number[], family: string, make: (id: number, name: string) => IoRow) =>
  ids.map((id, i) => make(id, `${family}_${i + 1}`));
const range = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => first + i);

/** An element of any width that no table names. */
export function unnamedRow(id: number, width: IoWidth): IoRow {
  return row(id, rawName(id), width);
}

/** 0 is unknown, and so is what no receiver would use: 99 and more. */
const dilution: IoOptions = { div: 10, none: [0], ceiling: 989 };
const dallas: IoOptions = { div: 10, none: [850, 2000, 3000, 4000, 5000] };
const bleTemperature: IoOptions = { div: 100, none: [2000, 3000, 4000, 32765, 32766, 32767] };
/** Errors are 32733 to 32735. */
const bleHumidity: IoOptions = { div: 10, ceiling: 1000 };
const gnssWords = ['off', 'fix', 'no_fix', 'sleep', 'static'] as const;

const permanent: readonly IoRow[] = [
  flag(239, 'ignition'),
  flag(240, 'moving'),
  flag(303, 'instant_movement'),
  row(80, 'data_mode', 1, { kind: ioKind.dataMode }),
  row(21, 'gsm_signal_level', 1, { kind: ioKind.bars }),
  row(237, 'gsm_network_type', 1, { kind: ioKind.word, texts: ['3G', 'GSM', 'LTE', 'LTE-M', 'NB-IoT'], none: [99] }),
  row(241, 'gsm_network_code', 4, { kind: ioKind.operator }),
  u2(205, 'gsm_cell_id', { none: [0, 65_535] }),
  u4(205, 'gsm_cell_id', { none: [0, 65_535, 0xfff_ffff, 0xffff_ffff] }),
  u2(206, 'gsm_lac', { none: [0, 65_535] }),
  row(636, 'gsm_cell_id', 4, { late: 'cell4g', none: [0, 0xfff_ffff, 0xffff_ffff] }),
  u1(200, 'sleep_mode'),
  row(69, 'gnss_status', 1, { kind: ioKind.gnss, texts: gnssWords, noFixMask: 0b1101 }),
  u2(181, 'pdop', dilution),
  u2(182, 'hdop', dilution),
  u2(66, 'board_voltage', { div: 1000 }),
  u2(67, 'battery_voltage', { div: 1000 }),
  // Listed as unsigned, but a battery that discharges shows up above 32.767 A.
  i2(68, 'battery_current', { div: 1000 }),
  u1(113, 'battery_level', { ceiling: 100 }),
  u4(16, 'hw_mileage', { div: 1000 }),
  u4(199, 'trip_mileage', { div: 1000 }),
  u4(449, 'ignition_on_time'),
  ...numbered([1, 2, 3], 'input', flag),
  // Units with a fourth input use the id of the pulse counter in the group of one byte.
  flag(4, 'input_4'),
  u4(4, 'impulse_counter_1'),
  u4(5, 'impulse_counter_2'),
  ...numbered([179, 180, 380], 'output', flag),
  flag(381, 'ground_sense'),
  u2(9, 'analog_1', { div: 1000 }),
  u2(6, 'analog_2', { div: 1000 }),
  // In one byte, 10 tells of the memory card; in two it is the second analog input of older units.
  row(10, 'analog_2', 2, { late: 'alternate', div: 1000 }),
  ...numbered([622, 623], 'freq', (id, name) => u2(id, name, { div: 10 })),
  u2(329, 'analog_speed'),
  i2(17, 'axis_x'),
  i2(18, 'axis_y'),
  i2(19, 'axis_z'),
  u4(12, 'fuel_used_gps', { div: 1000 }),
  u2(13, 'fuel_consumption', { div: 100 }),
  u2(15, 'eco_score', { div: 100 }),
  row(11, 'iccid', 8, { late: 'decimalPair', partner: 14 }),
  row(14, 'iccid', 8, { late: 'decimalPair', partner: 11 }),
  key(78, 'hardware_key'),
  row(8, 'hardware_key', 8, { late: 'authorizedKey' }),
  row(207, 'hardware_key', 8, { late: 'sharedKey' }),
  ...[451, 452, 453, 454].map((id) => row(id, 'hardware_key', 8, { late: 'sharedKey' })),
  row(238, 'ble_mac', 8, { late: 'phoneAddress' }),
];

const sensors: readonly IoRow[] = [
  ...numbered([72, 73, 74, 75], 'ext_temp_sensor', (id, name) => i4(id, name, dallas)),
  ...numbered([72, 73, 74, 75], 'ext_temp_sensor', (id, name) => i2(id, name, dallas)),
  ...numbered([76, 77, 79, 71], 'ext_temp_sensor_id', key),
  ...numbered([201, 203, 210, 212, 214], 'lls_level', (id, name) => i2(id, name, { floor: 0 })),
  ...numbered([202, 204, 211, 213, 215], 'lls_temperature', (id, name) => i1(id, name, { none: [-128] })),
  i2(327, 'fuel_level'),
  ...numbered([25, 26, 27, 28], 'ble_temp_sensor', (id, name) => i2(id, name, bleTemperature)),
  ...numbered([86, 104, 106, 108], 'ble_humidity', (id, name) => u2(id, name, bleHumidity)),
  ...numbered([29, 20, 22, 23], 'ble_battery_level', u1),
  ...numbered([270, 273, 276, 279], 'ble_lls_level', u2),
  ...numbered([269, 272, 275, 278], 'ble_lls_temperature', i1),
  ...numbered([271, 274, 277, 280], 'ble_battery_voltage', (id, name) => u2(id, name, { div: 100 })),
  ...numbered([306, 307, 308, 309], 'ble_frequency', u4),
  ...numbered([335, 336, 337, 338], 'ble_luminosity', u2),
];

/** EYE sensors: their names are shared with the sensors of the other wireless families. */
const eye: readonly IoRow[] = [
  ...numbered(range(10_800, 10_803), 'ble_temp_sensor', (id, name) =>
    row(id, name, 2, { late: 'alternate', signed: true, div: 100, none: [32_765, 32_766, 32_767] }),
  ),
  ...numbered(range(10_804, 10_807), 'ble_humidity', (id, name) =>
    row(id, name, 1, { late: 'alternate', ceiling: 100 }),
  ),
  ...numbered(range(10_808, 10_811), 'ble_magnet_sensor', flag),
  // One byte counts from 2 V in steps of 10 mV, as in the beacon list; two bytes hold millivolts.
  ...numbered(range(10_824, 10_827), 'ble_battery_voltage', (id, name) =>
    row(id, name, 1, { late: 'alternate', add: 200, div: 100 }),
  ),
  ...numbered(range(10_824, 10_827), 'ble_battery_voltage', (id, name) =>
    row(id, name, 2, { late: 'alternate', div: 1000 }),
  ),
  ...signed1(...range(10_816, 10_819)),
  ...signed2(...range(10_832, 10_835)),
];

const obd: readonly IoRow[] = [
  u1(30, 'obd_dtc_number'),
  u1(31, 'obd_engine_load'),
  i1(32, 'obd_coolant_t'),
  u1(35, 'obd_intake_air_pressure'),
  u2(36, 'obd_rpm'),
  u1(37, 'obd_speed'),
  i1(39, 'obd_intake_air_t'),
  u1(41, 'obd_throttle'),
  u2(42, 'obd_time_since_engine_start'),
  row(43, 'obd_mil_activated_distance', 2, { late: 'lampNumber' }),
  u1(48, 'obd_fuel'),
  u2(49, 'obd_dtc_cleared_distance'),
  u1(50, 'obd_barometric_pressure'),
  u2(51, 'obd_control_module_voltage', { div: 1000 }),
  u2(52, 'obd_absolute_load_value'),
  row(54, 'obd_mil_run_time', 2, { late: 'lampNumber' }),
  u1(58, 'obd_oil_temperature'),
  u2(60, 'obd_consumption', { div: 100 }),
  bytes(256, 'obd_vin', 'text'),
  bytes(281, 'obd_dtc_codes', 'faultCodes'),
  row(540, 'obd_throttle', 1, { late: 'alternate' }),
  row(542, 'obd_intake_air_pressure', 2, { late: 'alternate' }),
  u4(389, 'obd_custom_odometer'),
  u4(390, 'obd_custom_fuel_litres', { div: 10 }),
  row(411, 'can_battery_level', 1, { late: 'alternate' }),
  ...signed1(33, 38, 47, 53),
  ...signed2(59, 544),
];

const can: readonly IoRow[] = [
  u1(81, 'can_speed'),
  u1(82, 'can_throttle'),
  u4(83, 'can_consumption', { div: 10 }),
  u2(84, 'can_fuel_litres', { div: 10 }),
  u2(85, 'can_rpm'),
  u4(87, 'can_mileage', { div: 1000 }),
  u1(89, 'can_fuel'),
  row(90, rawName(90), 2, { late: 'doorWord' }),
  u4(100, 'can_program'),
  u4(102, 'can_engine_hours', { div: 60 }),
  row(103, 'can_engine_hours', 4, { late: 'alternate', div: 60, otherwise: 'can_engine_hours_relative' }),
  row(105, 'can_mileage', 4, { late: 'alternate', div: 1000, otherwise: 'can_mileage_relative' }),
  row(107, 'can_consumption', 4, { late: 'alternate', div: 10, otherwise: 'can_consumption_relative' }),
  u2(110, 'can_fuel_rate', { div: 10 }),
  u1(111, 'can_adblue_level'),
  u2(112, 'can_adblue_litres', { div: 10 }),
  u1(114, 'can_engine_load'),
  row(115, 'can_engine_temp', 2, { late: 'engineTemperature', signed: true, div: 10 }),
  ...numbered(range(118, 122), 'can_axle_load', u2),
  row(123, rawName(123), 4, { late: 'controlWord' }),
  row(132, rawName(132), 8, { late: 'securityWord' }),
  u4(133, 'tacho_mileage', { div: 1000 }),
  u2(135, 'tacho_speed'),
  row(147, 'tacho_card1_sn', 8, { late: 'asciiPair', partner: 148 }),
  row(148, 'tacho_card1_sn', 8, { late: 'asciiPair', partner: 147 }),
  row(149, 'tacho_card2_sn', 8, { late: 'asciiPair', partner: 150 }),
  row(150, 'tacho_card2_sn', 8, { late: 'asciiPair', partner: 149 }),
  i2(151, 'can_battery_temperature', { div: 10 }),
  u1(152, 'can_battery_level'),
  u2(168, 'can_battery_voltage', { div: 10 }),
  row(160, 'obd_dtc_number', 1, { late: 'alternate' }),
  u1(234, 'can_fuel_2'),
  row(1102, 'can_fuel_2', 2, { late: 'alternate' }),
  bytes(325, 'obd_vin', 'text'),
];

/** One byte a flag: what newer firmware sends beside the flag words. */
const canFlags: readonly IoRow[] = [
  flag(652, 'can_key_state'),
  flag(653, 'can_hand_brake_state'),
  row(654, 'can_door_driver_state', 1, { late: 'doorBit' }),
  row(655, 'can_door_passenger_state', 1, { late: 'doorBit' }),
  row(656, 'can_door_rear_left_state', 1, { late: 'doorBit' }),
  row(657, 'can_door_rear_right_state', 1, { late: 'doorBit' }),
  flag(658, 'can_trunk_state'),
  // The vendor's table gives 0 closed, 1 open, against the element's own name.
  row(662, 'can_car_closed_state', 1, { kind: ioKind.notFlag }),
  flag(898, 'can_ignition_state'),
  flag(899, 'can_webasto_state'),
  flag(900, 'can_engine_state'),
  flag(909, 'can_roof_state'),
  flag(910, 'can_footbrake_state'),
  flag(911, 'can_clutch_state'),
  flag(913, 'can_hood_state'),
  flag(937, 'can_cruise_control'),
  flag(940, 'can_seat_belt_driver_state'),
  flag(941, 'can_seat_belt_passenger_state'),
  flag(946, 'can_pto_state'),
  row(953, 'can_mil_indicator', 1, { late: 'lampFlag' }),
  flag(954, 'can_abs_state'),
  flag(955, 'can_esp_state'),
  flag(961, 'can_park_brake'),
  flag(962, 'can_airbag_state'),
  flag(968, 'can_low_fuel'),
];

const eventual: readonly IoRow[] = [flag(236, 'sos'), row(252, 'external_power_state', 1, { kind: ioKind.notFlag })];

const variable: readonly IoRow[] = [
  bytes(264, 'barcode', 'text'),
  bytes(387, 'position_text', 'positionText'),
  bytes(385, 'ble_beacons', 'simpleBeacons'),
  ...[548, 10_828, 10_829, 10_831, 11_317].map((id) => bytes(id, 'ble_beacons', 'beacons')),
];

const defaultRows: readonly IoRow[] = [
  ...permanent,
  ...sensors,
  ...eye,
  ...obd,
  ...can,
  ...canFlags,
  ...eventual,
  ...variable,
];

/** Ids of the manual CAN elements of the 6-series, in the order of their numbers. */
const manualCan = [...range(145, 154), ...range(380, 389), ...range(10_298, 10_347)];

/** What the 6-series means by ids that the other models use otherwise. */
const sixSeriesRows: readonly IoRow[] = [
  flag(4, 'input_4'),
  u2(11, 'analog_3', { div: 1000 }),
  u2(245, 'analog_4', { div: 1000 }),
  row(22, 'data_mode', 1, { kind: ioKind.dataMode }),
  row(71, 'gnss_status', 1, { kind: ioKind.gnss, texts: ['off', undefined, 'no_fix', 'fix'], noFixMask: 0b101 }),
  ...numbered([62, 63, 64, 65, 5], 'ext_temp_sensor_id', key),
  ...numbered([72, 73, 74], 'ext_temp_sensor', (id, name) => i2(id, name, dallas)),
  flag(50, 'output_3'),
  flag(51, 'output_4'),
  u4(205, 'gsm_cell_id', { none: [0, 65_535, 0xfff_ffff, 0xffff_ffff] }),
  u1(80, 'can_speed'),
  u1(87, 'can_fuel'),
  ...numbered(manualCan, 'raw_can', u4),
  row(195, 'tacho_card1_sn', 8, { late: 'asciiPair', partner: 196 }),
  row(196, 'tacho_card1_sn', 8, { late: 'asciiPair', partner: 195 }),
  ...numbered(range(701, 704), 'ble_temp_sensor', (id, name) =>
    row(id, name, 2, { late: 'alternate', signed: true, div: 10 }),
  ),
  ...numbered(range(10_644, 10_649), 'temp_sensor', (id, name) => i2(id, name, { div: 100 })),
];

/** Ids that the 6-series reuses for FMS and CAN values of its own. */
const sixSeriesOwn = new Set([...range(80, 140), 5, 69, ...range(71, 77), 79, ...sixSeriesRows.map((each) => each.id)]);

/** Geofence elements: zone 1, zone 2 ... */
export const geofenceIds: readonly number[] = [
  ...range(155, 159),
  ...range(61, 65),
  70,
  88,
  ...range(91, 99),
  153,
  154,
  ...range(190, 198),
  208,
  209,
  ...range(216, 231),
];

const zone: readonly (string | undefined)[] = ['geofence_exit', 'geofence_enter', undefined, 'overspeed'];
const drive = 'trip_start';

/** Names of an alarm, by the value of the element of one byte that raised it. */
export type EventAlarms = ReadonlyMap<number, readonly (string | undefined)[]>;

/** `alarm` of a record that one of these elements caused. */
const eventAlarms: EventAlarms = new Map<number, readonly (string | undefined)[]>([
  ...geofenceIds.map((id) => [id, zone] as const),
  [175, ['geofence_exit', 'geofence_enter']],
  [236, [undefined, 'sos']],
  [246, [undefined, 'tow']],
  [247, [undefined, 'accident', 'crash_trace', 'crash_trace', 'crash_trace', 'crash_trace', 'accident']],
  [249, [undefined, 'jamming']],
  [250, ['trip_stop', drive, drive, drive, drive, drive, drive, drive, drive, drive]],
  [251, [undefined, 'idle']],
  [252, [undefined, 'power_cut']],
  [253, [undefined, 'hard_acceleration', 'hard_braking', 'hard_cornering']],
  [318, [undefined, 'gps_jamming', 'gps_jamming']],
  [1412, [undefined, 'fall_down']],
]);
/** The speed alarm's value is a speed, so any value raises it. */
export const overspeedId = 255;

/** A family of models that share one list of AVL ids. */
export interface IoFamily {
  readonly name: string;
  /** Catalogue codes of the models. */
  readonly models: RegExp;
  readonly rows: readonly IoRow[];
  /** `alarm` by the element that caused a record. */
  readonly events: EventAlarms;
}

/** The first family whose pattern fits the model; the last one takes the rest. */
export const ioFamilies: readonly IoFamily[] = [
  {
    name: '6-series',
    models: /^telfm[a-z]?6\d\d/,
    rows: [...defaultRows.filter((each) => !sixSeriesOwn.has(each.id)), ...sixSeriesRows],
    events: new Map([...eventAlarms].filter(([id]) => !sixSeriesOwn.has(id))),
  },
  { name: 'FMB, FMC, FMM', models: /^/, rows: defaultRows, events: eventAlarms },
];

/** Flag words: `[mask, name]`, byte 0 is the last on the wire. */
type FlagBits = readonly (readonly [mask: number, name: string])[];

export const doorBits: FlagBits = [
  [0x0100, 'can_door_driver_state'],
  [0x0200, 'can_door_passenger_state'],
  [0x0400, 'can_door_rear_left_state'],
  [0x0800, 'can_door_rear_right_state'],
  [0x1000, 'can_hood_state'],
  [0x2000, 'can_trunk_state'],
  [0x4000, 'can_roof_state'],
];
export const anyDoorMask = 0x0f00;
export const doorNames = doorBits.slice(0, 4).map(([, name]) => name);

export const controlBits: FlagBits = [
  [0x0000_0008, 'can_park_brake'],
  [0x0000_0020, 'can_airbag_state'],
  [0x0000_0040, 'can_eps_state'],
  [0x0000_0080, 'can_esp_state'],
  [0x0000_0100, 'can_mil_indicator'],
  [0x0000_2000, 'can_abs_state'],
  [0x0000_4000, 'can_low_fuel'],
];
export const checkEngineMask = 0x0100;
/** Indicators: the lamp is lit while the belt is open. */
export const beltLampBits: FlagBits = [
  [0x8000_0000 | 0, 'can_seat_belt_driver_state'],
  [0x4000_0000, 'can_seat_belt_passenger_state'],
];

/** Bytes 0 to 3 and 4 to 7 of the security word. Doors stand in byte 5 as in byte 1 of the door word. */
export const securityLowBits: FlagBits = [
  [0x0100_0000, 'can_key_state'],
  [0x0200_0000, 'can_ignition_state'],
  [0x0800_0000, 'can_webasto_state'],
  [0x1000_0000, 'can_car_closed_state'],
];
export const securityHighBits: FlagBits = [
  [0x10, 'can_hand_brake_state'],
  [0x20, 'can_footbrake_state'],
  [0x40, 'can_engine_state'],
];

/**
 * Every telemetry name, once: kind, unit, range and meaning. Names are those of Navixy's tracker API (`input_name/list`), ours where
 * it has none. A family (`analog_N`) is one row; its members are numbered from 1 unless the row says otherwise.
 *
 * `number` fields are readings, `flag` and `text` fields are states, `list` fields hold several things seen at once (cells, beacons).
 */

export type FieldKind = 'number' | 'flag' | 'text' | 'list';

export interface FieldRow {
  readonly kind: FieldKind;
  /** Unit of a number, as people write it. */
  readonly unit?: string;
  readonly min?: number;
  readonly max?: number;
  readonly doc: string;
  /** For a family: the largest member number. */
  readonly members?: number;
  /** What no number holds comes as text: long values in hex. */
  readonly orText?: boolean;
}

const number = (doc: string, unit?: string, min?: number, max?: number): FieldRow => ({
  kind: 'number',
  doc,
  ...(unit === undefined ? {} : { unit }),
  ...(min === undefined ? {} : { min }),
  ...(max === undefined ? {} : { max }),
});
const flag = (doc: string): FieldRow => ({ kind: 'flag', doc });
const text = (doc: string): FieldRow => ({ kind: 'text', doc });
const list = (doc: string): FieldRow => ({ kind: 'list', doc });
const family = (members: number, row: FieldRow): FieldRow => ({ ...row, members });

/** Single fields. */
export const fields: Readonly<Record<string, FieldRow>> = {
  // Receiver
  hdop: number('horizontal dilution of precision', undefined, 0, 100),
  pdop: number('position dilution of precision', undefined, 0, 100),
  vdop: number('vertical dilution of precision', undefined, 0, 100),
  precision: number('estimated horizontal error', 'm', 0),
  gnss_status: text('receiver state as the unit tells it'),
  gps_lbs: flag('the position comes from cells or access points, not from the receiver'),
  satellites_visible: number('satellites in view', undefined, 0),
  satellite_signals: text('strength of each satellite, dB'),
  gnss_fix_mode: number('kind of fix, as numbered by the protocol', undefined, 0),

  // Mobile network
  gsm_signal_level: number('signal strength', '%', 0, 100),
  gsm_network_code: text('MCC and MNC, `24602`'),
  gsm_network_name: text('operator name'),
  gsm_network_type: text('GSM, 3G, LTE, LTE-M, NB-IoT'),
  gsm_network_type_code: number('network type, as numbered by the protocol', undefined, 0),
  gsm_roaming: flag('roaming'),
  gsm_mcc: number('mobile country code', undefined, 0, 999),
  gsm_mnc: number('mobile network code', undefined, 0, 999),
  gsm_lac: number('location or tracking area code', undefined, 0),
  gsm_cell_id: number('cell id', undefined, 0),
  gsm_timing_advance: number('timing advance', undefined, 0),
  gsm_cells: list('cells seen: mcc, mnc, lac, cid, signal (dBm)'),
  wifi_access_points: list('access points seen: mac, signal (dBm)'),
  iccid: text('SIM card number'),
  imsi: text('subscriber number'),
  imei: text('IMEI, where the message repeats it'),

  // Power
  board_voltage: number('external supply', 'V', 0),
  battery_voltage: number('internal battery', 'V', 0),
  battery_current: number('internal battery current', 'A'),
  battery_level: number('internal battery', '%', 0, 100),
  ext_battery_voltage: number('second external supply', 'V', 0),
  external_power_state: flag('external supply connected'),
  charging_status: flag('internal battery is charging'),

  // Vehicle state as the unit sees it
  ignition: flag('ignition on'),
  moving: flag('movement, by the unit'),
  instant_movement: flag('movement without the debounce of `moving`'),
  engine_blocked: flag('fuel or electricity cut by the unit'),
  armed: flag('alarm system armed'),
  gps_tracking: flag('receiver on'),
  hw_mileage: number("the unit's own odometer", 'km', 0),
  trip_mileage: number('odometer of the current trip', 'km', 0),
  ignition_on_time: number('ignition on since the counter was reset', 's', 0),
  engine_hours: number('engine hours', 'h', 0),
  run_time: number("the unit's running time", 's', 0),
  hardware_key: text('key, card or tag presented'),
  driver_code: text('driver number'),
  driver_authorized: flag('the key presented is one the unit allows'),
  axis_x: number('acceleration, x', 'mg'),
  axis_y: number('acceleration, y', 'mg'),
  axis_z: number('acceleration, z', 'mg'),
  sleep_mode: number('sleep mode as numbered by the unit', undefined, 0),
  event_code: number('what made the unit send the record, as numbered by the protocol', undefined, 0),
  event_priority: number('priority of the record, as numbered by the protocol', undefined, 0),
  generation_type: number('how the event arose, as numbered by the protocol', undefined, 0),
  upload_mode: number('why the record was sent, as numbered by the protocol', undefined, 0),
  alarm: text('alarm by name: sos, vibration, power_cut ...; two at once are separated by a comma'),
  alarm_code: text('alarm as numbered by the protocol, hex'),
  sos: flag('panic'),
  data_mode: number('home or roaming and standing or moving, as numbered by the unit', undefined, 0),
  status: text("the unit's own status text"),
  text: text('message typed by the driver'),
  command_result: text("the unit's answer to a command"),
  command_text: text('text of a command that the frame carries'),
  barcode: text('bar code read'),
  position_text: text('position as ISO 6709 text'),
  photo_id: number('number of a photo', undefined, 0),
  photo_size: number('size of a photo', 'B', 0),
  photo_offset: number('where a part of a photo belongs', 'B', 0),
  photo_data: text('part of a photo, hex'),
  archive: flag('the record comes from memory'),
  backlog_record: flag('the record comes from memory'),
  device_type: text('type the unit gives at login'),
  time_zone_min: number('zone the unit is set to, east positive', 'min', -840, 840),
  language: number('language code of the unit', undefined, 0),
  fence_number: number('number of the geofence', undefined, 0),
  drive_time: number('driving time', 'min', 0),
  steps: number('steps', undefined, 0),
  door: flag('door open'),
  device_time: text("the unit's clock, ISO 8601, where the record is dated otherwise"),
  time_raw: text('a time that is none of the calendar, hex'),
  event_time: text('when the event happened, ISO 8601'),
  event_value: number('value that belongs to the event'),
  event_data: text('data that belong to the event, hex'),
  media_files: text('names of the files that belong to the event'),
  location_source: number('how the position was found, as numbered by the protocol', undefined, 0),
  work_mode: number('mode of the unit, as numbered by the protocol', undefined, 0),
  card_status: number('state of the card, as numbered by the protocol', undefined, 0),
  card_swiped: flag('a card was swiped'),
  terminal_id: text("the unit's second number"),
  phone: text('phone number in the message'),
  status_bits: number('bits without a published meaning', undefined, 0),
  port_bits: number('bits that tell which ports are in use', undefined, 0),
  raw_data: text('bytes without a published meaning, hex'),
  unread: text('fields and parameters that could not be read, as they came'),

  device_mode: text('mode of the unit by name: normal, sleep, flight ...'),
  attached: flag('the unit is attached to what it watches over'),
  tampered: flag('somebody has tampered with the unit'),
  tilt: number('tilt', '°'),
  acceleration: number('acceleration', 'g'),
  state_version: number('last version of the wanted state that the unit has seen', undefined, 0),
  client_manufacturer: text('maker of the unit'),
  client_model: text('model of the unit, in its own words'),
  client_firmware: text('firmware of the unit'),
  client_name: text('name of the software on the unit'),
  client_version: text('version of the software on the unit'),
  client_platform: text('platform of the software on the unit'),
  payload: text('free content of the message, JSON'),
  position_confidence: number('how likely the unit is within `precision`', '%', 0, 100),
  altitude_precision: number('estimated vertical error', 'm', 0),
  position_access_points: number('access points that the position was made of', undefined, 0),
  floor_level: number('floor of the building'),
  floor_name: text('floor of the building, by name'),
  floor_id: text('floor of the building, by id'),

  // Sensors
  air_pressure: number('air pressure', 'hPa', 0),
  fuel_level: number('fuel level as the sensor gives it'),
  fuel_temperature: number('fuel temperature', '°C'),
  fuel_frequency: number('fuel sensor frequency', 'Hz'),
  fuel_consumption: number('consumption', 'l/100 km', 0),
  fuel_used_gps: number('fuel used, estimated', 'l', 0),
  fuel_rate_gps: number('fuel rate, estimated', 'l/100 km', 0),
  eco_score: number('driving score'),
  temp_sensor: number('temperature', '°C'),
  humidity: number('humidity', '%', 0, 100),
  analog_speed: number('speed from the analog input', 'km/h'),
  ground_sense: flag('ground wire connected'),

  // OBD
  obd_consumption: number('fuel rate', 'l/h', 0),
  obd_rpm: number('engine speed', 'rpm', 0),
  obd_fuel: number('fuel level', '%', 0, 100),
  obd_coolant_t: number('coolant temperature', '°C'),
  obd_intake_air_t: number('intake air temperature', '°C'),
  obd_intake_air_pressure: number('intake pressure', 'kPa', 0),
  obd_throttle: number('throttle', '%', 0),
  obd_speed: number('speed', 'km/h', 0),
  obd_engine_load: number('engine load', '%', 0),
  obd_absolute_load_value: number('absolute load', '%', 0),
  obd_control_module_voltage: number('control module voltage', 'V', 0),
  obd_time_since_engine_start: number('time since engine start', 's', 0),
  obd_mil_run_time: number('time with the lamp on', 'min', 0),
  obd_mil_activated_distance: number('distance with the lamp on', 'km', 0),
  obd_dtc_cleared_distance: number('distance since codes were cleared', 'km', 0),
  obd_barometric_pressure: number('barometric pressure', 'kPa', 0),
  obd_oil_temperature: number('oil temperature', '°C'),
  obd_custom_odometer: number('odometer from the car', 'km', 0),
  obd_custom_fuel_litres: number('fuel level from the car', 'l', 0),
  obd_dtc_number: number('number of fault codes', undefined, 0),
  obd_dtc_codes: text('fault codes, separated by blanks'),
  obd_mil_status: flag('malfunction lamp'),
  obd_vin: text('vehicle identification number'),
  obd_key_3A: text('diagnostic value of a key without a published meaning'),

  // CAN
  can_speed: number('wheel speed', 'km/h', 0),
  can_rpm: number('engine speed', 'rpm', 0),
  can_throttle: number('accelerator', '%', 0),
  can_engine_load: number('engine load', '%', 0),
  can_engine_temp: number('engine temperature', '°C'),
  can_coolant_t: number('coolant temperature', '°C'),
  can_oil_temperature: number('oil temperature', '°C'),
  can_intake_air_t: number('intake air temperature', '°C'),
  can_engine_hours: number('engine hours', 'h', 0),
  can_engine_hours_relative: number('engine hours counted by the adapter', 'h', 0),
  can_mileage: number('odometer', 'km', 0),
  can_mileage_relative: number('distance counted by the adapter', 'km', 0),
  can_consumption: number('fuel used in all', 'l', 0),
  can_consumption_relative: number('fuel used, counted by the adapter', 'l', 0),
  can_fuel: number('fuel level', '%', 0),
  can_fuel_2: number('second fuel level', '%', 0),
  can_fuel_litres: number('fuel level', 'l', 0),
  can_fuel_rate: number('fuel rate', 'l/h', 0),
  can_fuel_economy: number('fuel economy', 'km/l', 0),
  can_adblue_level: number('AdBlue level', '%', 0),
  can_adblue_litres: number('AdBlue level', 'l', 0),
  can_battery_level: number('traction battery', '%', 0),
  can_battery_voltage: number('traction battery', 'V', 0),
  can_battery_temperature: number('traction battery temperature', '°C'),
  can_program: number('adapter program number', undefined, 0),
  can_r_prefix: number('range prefix'),
  can_ignition_state: flag('ignition, from the bus'),
  can_engine_state: flag('engine working'),
  can_door_state: flag('any door open'),
  can_door_driver_state: flag("driver's door open"),
  can_door_passenger_state: flag("passenger's door open"),
  can_door_rear_left_state: flag('rear left door open'),
  can_door_rear_right_state: flag('rear right door open'),
  can_hood_state: flag('hood open'),
  can_trunk_state: flag('trunk open'),
  can_roof_state: flag('roof open'),
  can_airbag_state: flag('airbag malfunction'),
  can_seat_belt_driver_state: flag("driver's belt fastened"),
  can_seat_belt_passenger_state: flag("passenger's belt fastened"),
  can_abs_state: flag('ABS lamp'),
  can_eps_state: flag('power steering lamp'),
  can_esp_state: flag('stability control lamp'),
  can_hand_brake_state: flag('hand brake'),
  can_park_brake: flag('hand brake lamp'),
  can_footbrake_state: flag('foot brake'),
  can_clutch_state: flag('clutch pressed'),
  can_cruise_control: flag('cruise control on'),
  can_pto_state: flag('power take-off engaged'),
  can_webasto_state: flag('parking heater on'),
  can_key_state: flag('key in lock'),
  can_car_closed_state: flag('car locked'),
  can_low_fuel: flag('low fuel lamp'),
  can_mil_indicator: flag('check engine lamp'),
  tacho_mileage: number('tachograph odometer', 'km', 0),
  tacho_speed: number('tachograph speed', 'km/h', 0),
  tacho_card1_sn: text("driver 1's card"),
  tacho_card2_sn: text("driver 2's card"),
  tacho_vin: text('vehicle identification number, from the tachograph'),

  // Short range
  ble_mac: text('address of the connected phone'),
  ble_beacons: list('beacons seen'),
  rfid: text('RFID tag'),

  // Files a unit sends in blocks
  image_name: text('file name of a photo'),
  image_block: number('number of a block of a photo, from 0', undefined, 0),
  image_last_block: number('number of the last block of a photo', undefined, 0),
  image_block_size: number('size of a block of a photo', 'bytes', 0),
  tacho_driver_id: text('driver a tachograph file is of'),
  tacho_file_code: text('code of a tachograph file'),
  tacho_file_blocks: number('blocks of a tachograph file', undefined, 0),
  tacho_file_block: number('number of a block of a tachograph file, from 0', undefined, 0),
  tacho_file_block_size: number('size of a block of a tachograph file', 'bytes', 0),
};

/** Families: `analog_1`, `analog_2` ... */
export const families: Readonly<Record<string, FieldRow>> = {
  input: family(32, flag('digital input')),
  output: family(32, flag('digital output')),
  analog: family(32, number('analog input', 'V')),
  impulse_counter: family(16, number('pulse counter', 'count', 0)),
  freq: family(8, number('frequency input', 'Hz', 0)),
  temp_sensor: family(16, number('temperature', '°C')),
  ext_temp_sensor: family(16, number('external temperature sensor', '°C')),
  ext_temp_sensor_id: family(16, text('number of the external temperature sensor')),
  humidity: family(16, number('humidity sensor', '%', 0, 100)),
  lls_level: family(16, number('fuel sensor level')),
  lls_temperature: family(16, number('fuel sensor temperature', '°C')),
  rs232: family(8, text('serial port data')),
  rs485: family(8, text('serial port data')),
  raw_can: family(128, number('unscaled CAN value')),
  can_axle_load: family(15, number('axle load', 'kg', 0)),
  can_param: family(64, number('unscaled CAN value')),
  ble_temp_sensor: family(16, number('wireless temperature sensor', '°C')),
  ble_humidity: family(16, number('wireless humidity sensor', '%')),
  ble_battery_level: family(16, number('wireless sensor battery', '%')),
  ble_battery_voltage: family(16, number('wireless sensor battery', 'V')),
  ble_lls_level: family(16, number('wireless fuel sensor level')),
  ble_lls_temperature: family(16, number('wireless fuel sensor temperature', '°C')),
  ble_frequency: family(16, number('wireless fuel sensor frequency', 'Hz')),
  ble_luminosity: family(16, number('wireless light sensor', 'lx')),
  ble_magnet_sensor: family(16, flag('wireless magnet sensor')),
  ble_movement: family(16, flag('wireless movement sensor')),
  /** Elements without a name of their own, kept raw: number is the protocol's id. */
  avl_io: family(65_535, {
    ...number('element of that number, raw; in hex where a number cannot hold it'),
    orText: true,
  }),
  obd_pid: family(65_535, number('diagnostic value of that number')),
  /** Elements too long for a number. */
  element: family(65_535, text('element of that number, hex')),
  /** Two digits, hexadecimal on the wire. */
  obd_key: family(99, text('diagnostic value of a key without a published meaning')),
  door_state: family(16, flag('door open')),
};

const memberName = /^(.*[a-z\d])_(\d{1,5})$/;

/** The row of a name, or undefined for a name outside the table (free parameters of some protocols). */
export function fieldOf(name: string): FieldRow | undefined {
  const single = Object.hasOwn(fields, name) ? fields[name] : undefined;
  if (single !== undefined) return single;
  const match = memberName.exec(name);
  const familyName = match?.[1];
  if (familyName === undefined || !Object.hasOwn(families, familyName)) return undefined;
  const row = families[familyName];
  return row !== undefined && Number(match?.[2]) <= (row.members ?? 0) ? row : undefined;
}

/** Number of a family member (`analog_2` of `analog` is 2), or 0 when `name` is none. */
export function memberNumber(name: string, familyName: string): number {
  if (!name.startsWith(familyName) || name.charCodeAt(familyName.length) !== 95) return 0;
  const digits = name.slice(familyName.length + 1);
  return /^[1-9]\d{0,4}$/.test(digits) ? Number(digits) : 0;
}

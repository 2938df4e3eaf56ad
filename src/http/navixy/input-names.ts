/**
 * Names of inputs that sensors may read: what the field table holds, and names that clients of this API know besides.
 * Source: Navixy backend API, `tracker/sensor/input_name/list`: a family is listed once, with `[N]` in its description; states have the type
 * of their values, and titles where numbers stand for words.
 */
import { type FieldRow, families, fields } from '../../domain/fields.js';
import { isNumericState } from './state-fields.js';

export interface InputName {
  readonly input_name: string;
  readonly description: string;
  readonly value_type?: ValueType;
  readonly value_titles?: Readonly<Record<string, string>>;
}

export const valueTypes = ['String', 'Boolean', 'Integer', 'Double'] as const;
type ValueType = (typeof valueTypes)[number];

/** Families of quantities that some protocols elsewhere report. */
const moreFamilies: Readonly<Record<string, string>> = {
  ble_tire_pressure: 'wireless tyre pressure sensor',
  calamp_accum: 'accumulator of the device',
  can_8bit_r: '8 bit CAN value',
  can_16bit_r: '16 bit CAN value',
  can_32bit_r: '32 bit CAN value',
  counter: 'counter',
  custom_param: 'parameter of the device',
  field: 'field of the device',
  flex_id: 'flexible field of the device',
  io_port: 'port of the device',
  lls_level_raw: 'fuel sensor level, raw',
  raw_obd: 'unscaled OBD value',
  rs232: 'serial port data',
  rs485: 'serial bus data',
  tire_pressure: 'tyre pressure',
  tire_temperature: 'tyre temperature',
  user_data: 'data of the device',
};

const moreQuantities: Readonly<Record<string, string>> = {
  acceleration: 'acceleration',
  braking: 'braking',
  cornering: 'cornering',
  composite: 'other sensors together',
  modbus: 'Modbus value',
  uds_odometer: 'odometer, by UDS',
  uds_rpm: 'engine speed, by UDS',
  uds_speed: 'speed, by UDS',
};

const moreStates: Readonly<Record<string, readonly [type: ValueType, description: string]>> = {
  remote_ip: ['String', 'address that the device reports from'],
  sub_event_code: ['String', 'event, in detail'],
  ext_status: ['String', 'status of the device, in detail'],
  new_driver_name: ['String', 'name of the new driver'],
  ble_beacon_id: ['String', 'beacon seen'],
  lock_state: ['String', 'state of the lock'],
  lock_status: ['String', 'status of the lock'],
  lock_command_result: ['String', 'what the lock made of a command'],
  driver_ident_state: ['String', 'whether the driver is known'],
  tacho_vin_last_download: ['String', 'last download from the tachograph'],
  tacho_card1_last_download: ['String', "last download of driver 1's card"],
  tacho_card2_last_download: ['String', "last download of driver 2's card"],
  chat_availability: ['Boolean', 'whether messages can be shown to the driver'],
  strap_bolt_cut: ['Boolean', 'strap or bolt cut'],
  gps_status: ['Boolean', 'whether there is a fix'],
  battery_health: ['Boolean', 'health of a battery [N]'],
  light_state: ['Boolean', 'light [N]'],
  stt_mode: ['Integer', 'state of the device'],
  alt_mode: ['Integer', 'alarm state of the device'],
  event_id: ['Integer', 'event'],
  lock_state_raw: ['Integer', 'state of the lock, raw'],
  door_status: ['Integer', 'status of a door [N]'],
  obd_electronic_lock_status: ['Integer', 'state of the electronic lock'],
  can_selected_gear: ['Integer', 'gear selected'],
  can_current_gear: ['Integer', 'gear engaged'],
  input_status: ['Integer', 'inputs as a mask, bit 0 for input 1'],
  output_status: ['Integer', 'outputs as a mask, bit 0 for output 1'],
};

const opened = { '0': 'Closed', '1': 'Opened' } as const;
const tied = { '0': 'Untied', '1': 'Tied' } as const;
const valueTitles: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  ...{ can_hood_state: opened, can_trunk_state: opened, can_door_state: opened },
  ...{ can_door_driver_state: opened, can_door_passenger_state: opened, door_state: opened },
  can_airbag_state: { '0': 'Normal', '1': 'Malfunction' },
  ...{ can_seat_belt_driver_state: tied, can_seat_belt_passenger_state: tied },
};

/** States whose values have fractions. */
const doubles = new Set(['obd_dtc_cleared_distance', 'obd_mil_activated_distance']);
/** Text that the table knows by a flag. */
const texts = new Set(['external_power_state', 'driver_ident_state', 'status', 'event_code', 'hardware_key']);

/** Every name, families by the name without a number. */
export const inputNames: readonly InputName[] = collect();

function collect(): InputName[] {
  const names = new Map<string, InputName>();
  for (const [name, row] of Object.entries(fields)) addField(names, name, row, row.doc);
  for (const [name, row] of Object.entries(families)) addField(names, name, row, `${row.doc} [N]`);
  for (const [name, doc] of Object.entries(moreQuantities)) add(names, name, doc);
  for (const [name, doc] of Object.entries(moreFamilies)) add(names, name, `${doc} [N]`);
  for (const [name, [type, doc]] of Object.entries(moreStates)) add(names, name, doc, type);
  return [...names.values()];
}

function addField(names: Map<string, InputName>, name: string, row: FieldRow, doc: string): void {
  if (row.kind === 'list') return;
  const isQuantity = row.kind === 'number' && !isNumericState(name);
  add(names, name, doc, isQuantity ? undefined : stateType(name, row));
}

function stateType(name: string, { kind }: FieldRow): ValueType {
  if (texts.has(name) || kind === 'text') return 'String';
  if (kind === 'flag') return 'Boolean';
  return doubles.has(name) ? 'Double' : 'Integer';
}

function add(names: Map<string, InputName>, name: string, doc: string, type?: ValueType): void {
  const titles = valueTitles[name];
  names.set(name, {
    input_name: name,
    description: doc.charAt(0).toUpperCase() + doc.slice(1),
    ...(type === undefined ? {} : { value_type: type }),
    ...(titles === undefined ? {} : { value_titles: titles }),
  });
}

/**
 * Names and units of the captured expectations beside ours. Each rule says which of our fields may hold an attribute and how its value
 * reads in the source's unit.
 */

import { memberNumber } from '../../src/domain/fields.js';
import type { MessageJson } from '../../src/domain/message-json.js';
import type { FieldEntry, FieldValue } from '../../src/domain/update.js';
import type { CapturedValue } from '../support/vectors.js';

export type Said = ReadonlyMap<string, FieldValue>;

/** Everything a message says, by name: fields, and `position.*` for the parts of the position. */
export function saidBy(message: MessageJson): Said {
  const said = new Map<string, FieldValue>();
  const put = (name: string, value: FieldValue | null | undefined) => {
    if (value === null || value === undefined) return;
    said.set(name, value);
    if (!Array.isArray(value)) return;
    // Members of a list are there by their place: `ble_beacons_1.battery_voltage`.
    for (const [i, entry] of (value as readonly FieldEntry[]).entries()) {
      for (const [key, part] of Object.entries(entry)) said.set(`${name}_${i + 1}.${key}`, part);
    }
  };
  for (const [name, value] of Object.entries(message.position ?? {})) put(`position.${name}`, value);
  for (const [name, value] of Object.entries({ ...message.readings, ...message.states })) put(name, value);
  for (const [name, value] of Object.entries(message.gsm)) put(`gsm_${name}`, value);
  for (const [i, value] of message.inputs.entries()) put(`input_${i + 1}`, value);
  for (const [i, value] of message.outputs.entries()) put(`output_${i + 1}`, value);
  put('battery_level', message.battery_level);
  return said;
}

interface Rule {
  /** Our names, the likeliest first. */
  readonly names: readonly string[];
  /** Factors from our value to the source's: several where it passes on raw figures. Default 1. */
  readonly factors?: readonly number[];
  readonly tolerance?: number;
  /** Only whether there is something: the source's figure is raw and ours is in a unit of its own. */
  readonly isPresenceOnly?: boolean;
}

const knots = 1 / 1.852;
const family = (name: string, number: string): string[] => [`${name}_${number}`];

const rules: Readonly<Record<string, Rule>> = {
  speed: { names: ['position.speed'], factors: [knots], tolerance: 0.1 },
  course: { names: ['position.heading'], tolerance: 0.5 },
  altitude: { names: ['position.alt'], tolerance: 0.5 },
  sat: { names: ['position.satellites'] },
  satVisible: { names: ['satellites_visible'] },
  hdop: { names: ['hdop'] },
  vdop: { names: ['vdop'] },
  pdop: { names: ['pdop'] },
  rssi: { names: ['gsm_signal_level'], isPresenceOnly: true },
  power: { names: ['board_voltage'], factors: [1, 1000] },
  battery: { names: ['battery_voltage'], factors: [1, 1000] },
  batteryLevel: { names: ['battery_level'] },
  charge: { names: ['charging_status', 'external_power_state'] },
  ignition: { names: ['ignition'] },
  motion: { names: ['moving', 'instant_movement'] },
  door: { names: ['door', 'door_state_1', 'can_door_state'] },
  blocked: { names: ['engine_blocked'] },
  armed: { names: ['armed'] },
  odometer: {
    names: ['hw_mileage', 'can_mileage', 'tacho_mileage', 'obd_custom_odometer'],
    factors: [1000],
    tolerance: 1,
  },
  tripOdometer: { names: ['trip_mileage'], factors: [1000], tolerance: 1 },
  obdOdometer: { names: ['obd_custom_odometer', 'can_mileage'], factors: [1000], tolerance: 1 },
  hours: {
    names: ['engine_hours', 'can_engine_hours', 'ignition_on_time', 'run_time'],
    factors: [3_600_000, 1000],
    tolerance: 1000,
  },
  drivingTime: { names: ['drive_time'] },
  rpm: { names: ['obd_rpm', 'can_rpm'] },
  obdSpeed: { names: ['obd_speed', 'can_speed'] },
  fuel: { names: ['fuel_level', 'can_fuel_litres', 'obd_custom_fuel_litres', 'can_fuel', 'obd_fuel', 'lls_level_1'] },
  fuelUsed: { names: ['can_consumption', 'fuel_used_gps'] },
  fuelLevel: { names: ['obd_fuel', 'can_fuel', 'fuel_level'] },
  fuelConsumption: { names: ['obd_consumption', 'can_fuel_rate', 'fuel_consumption'] },
  throttle: { names: ['obd_throttle', 'can_throttle'] },
  engineLoad: { names: ['obd_engine_load', 'can_engine_load'] },
  humidity: { names: ['humidity', 'humidity_1', 'ble_humidity_1'] },
  coolantTemp: { names: ['obd_coolant_t', 'can_coolant_t'] },
  engineTemp: { names: ['can_engine_temp'] },
  event: { names: ['event_code'] },
  card: { names: ['hardware_key', 'tacho_card1_sn'] },
  driverUniqueId: { names: ['hardware_key', 'driver_code', 'rfid', 'avl_driver_id'] },
  result: { names: ['command_result'] },
  vin: { names: ['obd_vin', 'tacho_vin'] },
  iccid: { names: ['iccid'] },
  operator: { names: ['gsm_network_code', 'gsm_network_name'] },
  dtcs: { names: ['obd_dtc_codes'] },
  steps: { names: ['steps'] },
  archive: { names: ['archive', 'backlog_record'] },
  sleepMode: { names: ['sleep_mode'] },
  axisX: { names: ['axis_x'] },
  axisY: { names: ['axis_y'] },
  axisZ: { names: ['axis_z'] },
  batteryCurrent: { names: ['battery_current'], factors: [1, 1000] },
};

type NumberedRule = readonly [pattern: RegExp, rule: (number: string) => Rule];

const numberedRules: readonly NumberedRule[] = [
  [
    /^temp(\d+)$/,
    (n) => ({
      names: ['temp_sensor', 'ext_temp_sensor', 'ble_temp_sensor']
        .flatMap((name) => family(name, n))
        .concat(n === '1' ? ['temp_sensor'] : []),
    }),
  ],
  [/^adc(\d+)$/, (n) => ({ names: family('analog', n), factors: [1, 1000] })],
  [/^in(\d+)$/, (n) => ({ names: family('input', n) })],
  [/^out(\d+)$/, (n) => ({ names: family('output', n) })],
  [/^(?:eyeTemp|tag(?=\d+Temp))(\d+)/, (n) => ({ names: [`ble_temp_sensor_${n}`, `ble_beacons_${n}.temperature`] })],
  [
    /^tag(\d+)Battery$/,
    (n) => ({ names: [`ble_battery_voltage_${n}`, `ble_beacons_${n}.battery_voltage`], factors: [1000, 1] }),
  ],
  [/^tag(\d+)Humidity$/, (n) => ({ names: [`ble_humidity_${n}`, `ble_beacons_${n}.humidity`] })],
];

/** What is wrong with an attribute of a message, or undefined. */
export function attributeFault(name: string, value: CapturedValue, said: Said): string | undefined {
  if (name === 'networkTechnology') return technologyFault(value, said);
  if (name === 'alarm') return alarmFault(value, said);
  if (name === 'network') return networkFault(value, said);
  if (name === 'input' || name === 'output') return maskFault(name, value, said);
  const rule = ruleOf(name);
  if (rule === undefined) return freeFault(name, value, said);
  const held = rule.names.filter((each) => said.has(each));
  if (value === null)
    return held.length === 0 ? undefined : `${held[0]} is ${show(said.get(held[0] as string))}, expected none`;
  if (held.length === 0) return `none of ${rule.names.join(', ')}, expected ${show(value)}`;
  if (rule.isPresenceOnly === true || held.some((each) => isSame(said.get(each) as FieldValue, value, rule)))
    return undefined;
  return `${held.map((each) => `${each} is ${show(said.get(each))}`).join(', ')}, expected ${show(value)}`;
}

export function hasRule(name: string): boolean {
  return ['alarm', 'network', 'networkTechnology', 'input', 'output'].includes(name) || ruleOf(name) !== undefined;
}

function ruleOf(name: string): Rule | undefined {
  if (Object.hasOwn(rules, name)) return rules[name];
  for (const [pattern, rule] of numberedRules) {
    const match = pattern.exec(name);
    if (match !== null) return rule(match[1] as string);
  }
  return undefined;
}

/** A name without a rule is one of the protocol's own: some field has to hold its value, in a decimal scale. */
function freeFault(name: string, value: CapturedValue, said: Said): string | undefined {
  if (value === null) return undefined;
  const scaled = { names: [], factors: [1, 10, 100, 1000, 0.001] };
  for (const ours of said.values()) if (isSame(ours, value, scaled)) return undefined;
  return `nothing says ${show(value)} (${name})`;
}

function isSame(ours: FieldValue, value: CapturedValue, rule: Rule): boolean {
  if (typeof ours === 'boolean') return ours === value || ours === (value === 1) || (value === 0 && !ours);
  if (typeof ours === 'number' && typeof value === 'number') {
    const slack = rule.tolerance ?? Math.max(1e-6, Math.abs(value) * 1e-6);
    return (rule.factors ?? [1]).some((factor) => Math.abs(ours * factor - value) <= slack);
  }
  const plain = (text: unknown) =>
    String(text)
      .toLowerCase()
      .replace(/[\s:_-]/g, '')
      .replace(/^0+(?=.)/, '');
  return plain(ours) === plain(value);
}

/** Marketing names of the source beside the names of the standards. */
const generations: Readonly<Record<string, RegExp>> = {
  '2G': /2g|gsm|edge/i,
  '3G': /3g|umts|wcdma|td/i,
  '4G': /4g|lte/i,
  '5G': /5g|nr/i,
};

function technologyFault(value: CapturedValue, said: Said): string | undefined {
  const ours = String(said.get('gsm_network_type') ?? '');
  return (generations[String(value)] ?? /^$/).test(ours)
    ? undefined
    : `gsm_network_type is ${show(ours)}, expected ${show(value)}`;
}

const alarmSynonyms: Readonly<Record<string, readonly string[]>> = {
  tampering: ['tamper', 'disassembly', 'dismantled'],
  removing: ['removed', 'removal', 'tamper'],
  lowbattery: ['lowbatteryvoltage', 'internalbatterylow'],
  lowpower: ['lowexternalvoltage', 'lowboardvoltage', 'lowexternalbattery'],
  powercut: ['powerdisconnected', 'externalpowercut'],
  hardacceleration: ['harshacceleration', 'rapidacceleration'],
  hardbraking: ['harshbraking', 'rapiddeceleration'],
  hardcornering: ['harshcornering', 'sharpturn', 'sharpleftturn', 'sharprightturn'],
  accident: ['collision', 'crash'],
  falldown: ['fall', 'drop'],
  gpsantennacut: ['antennacut'],
  tow: ['towing'],
};

function alarmFault(value: CapturedValue, said: Said): string | undefined {
  const ours = said.get('alarm');
  if (value === null) return ours === undefined ? undefined : `alarm is ${show(ours)}, expected none`;
  if (ours === undefined) return `no alarm, expected ${show(value)}`;
  const plain = (word: string) => word.toLowerCase().replace(/[^a-z]/g, '');
  const words = String(ours).split(/[,;]/).map(plain);
  const missing = String(value)
    .split(',')
    .map(plain)
    .filter((each) => ![each, ...(alarmSynonyms[each] ?? [])].some((word) => words.includes(word)));
  return missing.length === 0 ? undefined : `alarm is ${show(ours)}, expected ${show(value)}`;
}

function networkFault(value: CapturedValue, said: Said): string | undefined {
  const wanted = ((value as { cells?: readonly FieldEntry[] } | null)?.cells ?? []).map((cell) => cellText(cell));
  const listed = said.get('gsm_cells');
  const cells = Array.isArray(listed) ? (listed as readonly FieldEntry[]).map((cell) => cellText(cell)) : [];
  const code = String(said.get('gsm_network_code') ?? '');
  const mcc = said.get('gsm_mcc') ?? Number(code.slice(0, 3));
  const mnc = said.get('gsm_mnc') ?? Number(code.slice(3));
  cells.push([mcc, mnc, said.get('gsm_lac'), said.get('gsm_cell_id')].join('/'));
  const missing = wanted.filter((cell) => !cells.includes(cell));
  return missing.length === 0 ? undefined : `cells are ${cells.join(' ')}, expected ${missing.join(' ')}`;
}

function cellText({ mcc, mnc, lac, cid }: FieldEntry): string {
  return [mcc, mnc, lac, cid].join('/');
}

function maskFault(name: 'input' | 'output', value: CapturedValue, said: Said): string | undefined {
  let mask = 0;
  for (const [field, on] of said) {
    const number = memberNumber(field, name);
    if (number > 0 && on === true) mask += 2 ** (number - 1);
  }
  return value === null || mask === Number(value) ? undefined : `${name}s make ${mask}, expected ${show(value)}`;
}

function show(value: unknown): string {
  return JSON.stringify(value) ?? 'nothing';
}

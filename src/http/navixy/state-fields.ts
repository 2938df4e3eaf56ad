/**
 * Which named values of a unit go where in the state that clients see. Units of one kind report the same names in the same order and share
 * one list of them, so the sorting is done once a list and not once an answer.
 */
import { fieldOf, memberNumber } from '../../domain/fields.js';
import type { FieldSet } from '../../domain/state.js';
import type { FieldValue } from '../../domain/update.js';

/** Inputs and outputs shown at most. */
export const maxLines = 32;

/** A place in the field set; -1 for a name the unit never reported. */
type Slot = number;

export interface NumberedSlot {
  readonly slot: Slot;
  /** 1 = first. */
  readonly number: number;
}

/** Where the values of one list of names are. */
export interface FieldPlan {
  /** How many names were sorted: a list that has grown is sorted again. */
  readonly size: number;
  readonly inputs: readonly NumberedSlot[];
  readonly outputs: readonly NumberedSlot[];
  readonly single: ReadonlyMap<string, Slot>;
  /** Fields that may stand under `additional`, by name. */
  readonly states: readonly { readonly name: string; readonly slot: Slot }[];
  readonly ignition: Slot;
  readonly batteryLevel: Slot;
  readonly batteryVoltage: Slot;
  readonly precision: Slot;
  readonly hdop: Slot;
  readonly gsmSignal: Slot;
  readonly gsmName: Slot;
  readonly gsmCode: Slot;
  readonly gsmMcc: Slot;
  readonly gsmMnc: Slot;
  readonly gsmRoaming: Slot;
}

const plans = new WeakMap<readonly string[], FieldPlan>();

/** The plan of a unit's fields. */
export function planOf(fields: FieldSet): FieldPlan {
  const known = plans.get(fields.names);
  if (known !== undefined && known.size === fields.size) return known;
  const plan = makePlan(fields.names.slice(0, fields.size));
  plans.set(fields.names, plan);
  return plan;
}

function makePlan(names: readonly string[]): FieldPlan {
  const single = new Map(names.map((name, slot) => [name, slot]));
  const slotOf = (name: string): Slot => single.get(name) ?? -1;
  return {
    size: names.length,
    inputs: numbered(names, 'input'),
    outputs: numbered(names, 'output'),
    single,
    states: names.map((name, slot) => ({ name, slot })).filter(({ name }) => mayBeState(name)),
    ignition: slotOf('ignition'),
    batteryLevel: slotOf('battery_level'),
    batteryVoltage: slotOf('battery_voltage'),
    precision: slotOf('precision'),
    hdop: slotOf('hdop'),
    gsmSignal: slotOf('gsm_signal_level'),
    gsmName: slotOf('gsm_network_name'),
    gsmCode: slotOf('gsm_network_code'),
    gsmMcc: slotOf('gsm_mcc'),
    gsmMnc: slotOf('gsm_mnc'),
    gsmRoaming: slotOf('gsm_roaming'),
  };
}

function numbered(names: readonly string[], family: string): NumberedSlot[] {
  return names
    .map((name, slot) => ({ slot, number: memberNumber(name, family) }))
    .filter(({ number }) => number >= 1 && number <= maxLines);
}

/**
 * States whose values are numbers. Everything else that is a number is a reading.
 * Source: Navixy backend API, `tracker/sensor/input_name`, entries with a `value_type`; the last line holds codes of ours of the same kind.
 */
const numericStates = new Set([
  ...['event_code', 'sub_event_code', 'status', 'ext_status', 'event_id', 'charging_status', 'stt_mode', 'alt_mode'],
  ...['lock_state', 'lock_status', 'lock_state_raw', 'obd_dtc_number', 'obd_electronic_lock_status'],
  ...['can_selected_gear', 'can_current_gear', 'obd_dtc_cleared_distance', 'obd_mil_activated_distance'],
  ...['input_status', 'output_status', 'hardware_key', 'driver_code'],
  ...['event_priority', 'generation_type', 'upload_mode', 'sleep_mode', 'fence_number', 'time_zone_min', 'language'],
]);

/** Whether a number of this name is a state and not a reading. */
export function isNumericState(name: string): boolean {
  return numericStates.has(name) || /^door_status_\d$/.test(name);
}

/** Fields with a place of their own in the state, what belongs to the modem, and a name that no plain object can hold. */
const neverStates = new Set(['ignition', 'gps_lbs', 'wifi_access_points', '__proto__']);

function isShownElsewhere(name: string): boolean {
  return neverStates.has(name) || name.startsWith('gsm_') || isLine(name);
}

function isLine(name: string): boolean {
  return memberNumber(name, 'input') > 0 || memberNumber(name, 'output') > 0;
}

function mayBeState(name: string): boolean {
  if (isShownElsewhere(name)) return false;
  return isNumericState(name) || fieldOf(name)?.kind !== 'number';
}

const connectedWords = new Map([
  ['external_power_state', ['disconnected', 'connected']],
  ['driver_ident_state', ['not identified', 'identified']],
]);

/** The text of a state, or undefined when the value is a reading. */
export function stateText(name: string, value: FieldValue): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return flagText(name, value);
  if (typeof value === 'number') return isNumericState(name) ? String(value) : undefined;
  return JSON.stringify(value);
}

/** Flags of the vehicle's own systems are shown as digits, all others as words. */
function flagText(name: string, value: boolean): string {
  const words = connectedWords.get(name);
  if (words !== undefined) return words[value ? 1 : 0] as string;
  if (name.startsWith('can_') || name === 'obd_mil_status') return value ? '1' : '0';
  return value ? 'true' : 'false';
}

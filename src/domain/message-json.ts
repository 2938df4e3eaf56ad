/**
 * The outward form of a record: what `decode` and `export` print and `encode` reads. Speeds in km/h, angles in degrees, lengths in
 * metres, voltages in volts; names are those of `fields.ts`.
 *
 * Numbers with a name of their own stand in `readings`, everything else that has a name in `states`; inputs and outputs are arrays
 * (index 0 is number 1, null where nothing was said), and what concerns the mobile network stands in `gsm` without its prefix.
 */
import { families, memberNumber } from './fields.js';
import { type FieldValue, type Position, type StateUpdate, UpdateBuilder } from './update.js';

export interface PositionJson {
  readonly lat: number | null;
  readonly lng: number | null;
  readonly valid: boolean;
  readonly speed?: number;
  readonly heading?: number;
  readonly alt?: number;
  readonly satellites?: number;
}

export interface MessageJson {
  /** ISO 8601, UTC, with milliseconds; null for messages without records. */
  readonly time: string | null;
  readonly deviceId: string | null;
  readonly position: PositionJson | null;
  readonly readings: { readonly [name: string]: number };
  readonly inputs: readonly (boolean | null)[];
  readonly outputs: readonly (boolean | null)[];
  readonly states: { readonly [name: string]: FieldValue };
  readonly gsm: { readonly [name: string]: FieldValue };
  readonly battery_level?: number;
}

const gsmPrefix = 'gsm_';
/** Inputs and outputs that an array shows; higher numbers stand in `states` under their names. */
const maxLines = 32;

export function messageJson(update: StateUpdate, deviceId: string | undefined): MessageJson {
  const readings: Record<string, number> = {};
  const states: Record<string, FieldValue> = {};
  const gsm: Record<string, FieldValue> = {};
  const inputs: (boolean | null)[] = [];
  const outputs: (boolean | null)[] = [];
  let batteryLevel: number | undefined;
  update.names.forEach((name, i) => {
    const value = update.values[i] as FieldValue;
    const input = lineNumber(name, 'input', value);
    const output = lineNumber(name, 'output', value);
    if (input > 0 && input <= maxLines) place(inputs, input, value === true);
    else if (output > 0 && output <= maxLines) place(outputs, output, value === true);
    else if (name === 'battery_level' && typeof value === 'number') batteryLevel = value;
    else if (name.startsWith(gsmPrefix)) define(gsm, name.slice(gsmPrefix.length), value);
    else if (typeof value === 'number') define(readings, name, value);
    else define(states, name, value);
  });
  if (update.backlog) define(states, 'archive', true);
  return {
    time: new Date(update.at).toISOString(),
    deviceId: deviceId ?? null,
    position: update.position === null ? null : positionJson(update.position),
    readings,
    inputs,
    outputs,
    states,
    gsm,
    ...(batteryLevel === undefined ? {} : { battery_level: batteryLevel }),
  };
}

/** A message that carries no record: a bare login, a ping. */
export function emptyMessageJson(deviceId: string | undefined): MessageJson {
  return {
    time: null,
    deviceId: deviceId ?? null,
    position: null,
    readings: {},
    inputs: [],
    outputs: [],
    states: {},
    gsm: {},
  };
}

function positionJson(position: Position): PositionJson {
  const { lat, lng, valid, speedKmh, headingDeg, altitudeM, satellites } = position;
  return {
    lat,
    lng,
    valid,
    ...(speedKmh === undefined ? {} : { speed: speedKmh }),
    ...(headingDeg === undefined ? {} : { heading: headingDeg }),
    ...(altitudeM === undefined ? {} : { alt: altitudeM }),
    ...(satellites === undefined ? {} : { satellites }),
  };
}

/** Names come from units: one called `__proto__` must not become one. */
function define<T>(target: Record<string, T>, name: string, value: T): void {
  Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
}

/**
 * Number of an input or output, 0 for what has no place in the arrays: units with names of their own may call anything `input_99999`
 * or give an input a value that is no flag.
 */
function lineNumber(name: string, familyName: 'input' | 'output', value: FieldValue): number {
  if (typeof value !== 'boolean') return 0;
  const number = memberNumber(name, familyName);
  return number <= (families[familyName]?.members ?? 0) ? number : 0;
}

function place(list: (boolean | null)[], number: number, value: boolean): void {
  while (list.length < number) list.push(null);
  list[number - 1] = value;
}

/** The record that a message describes; the reverse of `messageJson`. `receivedAt` dates a message without a time. */
export function updateFrom(message: Partial<MessageJson>, receivedAt: number): StateUpdate {
  const builder = new UpdateBuilder();
  for (const [name, value] of Object.entries(message.readings ?? {})) builder.set(name, value);
  const backlog = message.states?.archive === true;
  for (const [name, value] of Object.entries(message.states ?? {})) {
    if (name !== 'archive' || !backlog) builder.set(name, value);
  }
  for (const [name, value] of Object.entries(message.gsm ?? {})) builder.set(gsmPrefix + name, value);
  message.inputs?.forEach((value, i) => void builder.set(`input_${i + 1}`, value ?? undefined));
  message.outputs?.forEach((value, i) => void builder.set(`output_${i + 1}`, value ?? undefined));
  builder.set('battery_level', message.battery_level);
  const at = typeof message.time === 'string' ? Date.parse(message.time) : receivedAt;
  const position = message.position ?? null;
  return builder.build(at, {
    timed: typeof message.time === 'string',
    backlog,
    position:
      position === null
        ? null
        : {
            lat: position.lat,
            lng: position.lng,
            valid: position.valid,
            speedKmh: position.speed,
            headingDeg: position.heading,
            altitudeM: position.alt,
            satellites: position.satellites,
          },
  });
}

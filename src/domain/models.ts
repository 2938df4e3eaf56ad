/**
 * The catalogue of device models (`models.json`): which protocol a model speaks, how its units are identified, what it can do. In the
 * catalogue null means "not found out"; nothing is guessed here. The rows keep the published key names, since they are served as such.
 */
import { createRequire } from 'node:module';
import type rowsJson from './models.json';

type JsonRow = (typeof rowsJson)[number];

/** Volts of the internal battery; null where the vendor does not say. */
export interface ModelBattery {
  readonly min_charge: number | null;
  readonly low_charge: number | null;
  readonly max_charge: number | null;
}

type Loose<K extends keyof JsonRow, T> = { readonly [P in K]: T | null };

/** One row of the catalogue. Keys are those of Navixy's `tracker/list_models`, with `protocol` and `x_*` (remarks) added. */
export type DeviceModel = Readonly<Omit<JsonRow, 'battery' | FlagKey | CountKey | TextKey>> &
  Loose<FlagKey, boolean> &
  Loose<CountKey, number> &
  Loose<TextKey, string> & { readonly battery: ModelBattery };

type TextKey = 'vendor' | 'type' | 'name' | 'protocol' | 'id_type' | 'parent_code';
type CountKey = 'analog_inputs' | 'digital_inputs' | 'digital_outputs' | 'rs232_inputs' | 'port';
type FlagKey =
  | 'has_phone'
  | 'has_apn_settings'
  | 'has_auto_registration'
  | 'altitude'
  | 'satellites'
  | 'gsm_level'
  | 'gsm_network'
  | 'gsm_roaming'
  | 'has_detach_button'
  | 'has_fuel_input'
  | 'has_led_control'
  | 'has_gprs_location_request'
  | 'has_odometer'
  | 'has_lbs'
  | 'has_motion_sensor'
  | 'has_hardware_key';

/** Every model, in the order of the catalogue. */
export const models: readonly DeviceModel[] = createRequire(import.meta.url)('./models.json') as DeviceModel[];

const byCode = new Map(models.map((model) => [model.code, model]));

/** The model of a code, or undefined. */
export function modelByCode(code: string): DeviceModel | undefined {
  return byCode.get(code);
}

/** Backup batteries whose volts say nothing about their charge (Ni-MH packs). */
const withoutChargeCurve = new Set(['telfmc640']);

/** Whether percent may be derived from the internal battery's volts. */
export function hasChargeCurve(model: DeviceModel): boolean {
  return !withoutChargeCurve.has(model.code);
}

/**
 * How a model's units are identified.
 * - `given`: the client passes an identity of this form.
 * - `generated`: the server makes one of `digits` digits that starts with `prefix`.
 */
export type DeviceIdRule =
  | { readonly kind: 'given'; readonly pattern: RegExp; readonly text: string }
  | { readonly kind: 'generated'; readonly digits: number; readonly prefix: string };

const given = (pattern: RegExp, text: string): DeviceIdRule => ({ kind: 'given', pattern, text });

/**
 * The rule behind a model's `id_type`, or undefined when the model has none (it cannot be registered then).
 * Source: Navixy tracker API, `list_models`, `id_type`: `imei`, `meid`, `id,n`, `n,m` and `ascii,min,max`.
 */
export function deviceIdRule(model: DeviceModel): DeviceIdRule | undefined {
  const [kind = '', first = '', second = ''] = (model.id_type ?? '').split(',');
  if (kind === 'imei') return given(/^\d{14,16}$/, 'must consist of 14-16 digits');
  if (kind === 'meid') return given(/^[0-9A-Fa-f]{14}$/, 'must consist of 14 hexadecimal digits');
  if (kind === 'id') return given(new RegExp(`^\\d{${first}}$`), `must consist of ${first} digits`);
  if (kind === 'ascii') return asciiRule(Number(first), Number(second));
  return /^\d+$/.test(kind) ? { kind: 'generated', digits: Number(kind), prefix: first } : undefined;
}

/** Models that declare 6 to 64 characters really take no more than 32. */
function asciiRule(min: number, declaredMax: number): DeviceIdRule {
  const max = min === 6 && declaredMax === 64 ? 32 : declaredMax;
  return given(
    new RegExp(`^[0-9a-zA-Z-]{${min},${max}}$`),
    `must consist of ${min}-${max} alphanumeric symbols or hyphens`,
  );
}

/** Whether a client may give `deviceId` to a unit of this model. False for models whose identity the server makes. */
export function isDeviceIdFor(model: DeviceModel, deviceId: string): boolean {
  const rule = deviceIdRule(model);
  return rule?.kind === 'given' && rule.pattern.test(deviceId);
}

/** What API clients see of a model: unknown counts are 0, unknown flags false, our own remarks and unknown volts left out. */
export function publishedModel(model: DeviceModel): Record<string, unknown> {
  const published: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(model)) {
    if (key === 'protocol' || key === 'battery' || key.startsWith('x_')) continue;
    published[key] = value ?? unknownValue(key);
  }
  published.name ??= model.code;
  const battery = Object.entries(model.battery).filter(([, volts]) => volts !== null);
  if (battery.length > 0) published.battery = Object.fromEntries(battery);
  return published;
}

const nullableKeys = new Set(['parent_code', 'port']);
const textKeys = new Set(['vendor', 'type', 'name', 'id_type']);

function unknownValue(key: string): unknown {
  if (nullableKeys.has(key) || textKeys.has(key)) return null;
  return /_inputs$|_outputs$/.test(key) ? 0 : false;
}

const indexedName = /^(.+)_(\d{1,2})$/;

/** Input names with every member of a family listed: `analog_2` stands for `analog_1` and `analog_2`. */
export function expandedInputs(inputs: readonly string[]): string[] {
  return inputs.flatMap((name) => {
    const match = indexedName.exec(name);
    const highest = Number(match?.[2] ?? 0);
    if (match === null || highest === 0) return [name];
    return Array.from({ length: highest }, (_, i) => `${match[1]}_${i + 1}`);
  });
}

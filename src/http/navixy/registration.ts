/**
 * What the calls that register and replace devices have in common: parameters of the plugins, the faults that depend on plugin and model,
 * and the codes of refusals.
 */
import { type Static, Type } from '@sinclair/typebox';
import { type DeviceModel, deviceIdRule, modelByCode } from '../../domain/models.js';
import type { UnitRefusal, WantedUnit } from '../../store/registration.js';
import type { SourceRow } from '../../store/rows.js';
import { type NavixyCode, NavixyError, type Violation } from './errors.js';
import { deviceId } from './param-types.js';
import { isMobileApp, pluginById, type RegistrationPlugin, serves } from './plugins.js';

const apnText = (description: string) => Type.Optional(Type.String({ maxLength: 40, description }));

/** The access point of the SIM card. */
export const apnParams = {
  apn_name: apnText('Access point of the SIM card'),
  apn_user: apnText('May be empty'),
  apn_password: apnText('May be empty'),
};
export type ApnParams = Partial<Record<keyof typeof apnParams, string>>;

export const phoneParam = Type.String({ description: 'International, digits' });

/** Parameters of the device that `register` and `replace` share. */
export const unitParams = {
  model: Type.String({ description: 'Code of `tracker/list_models`' }),
  plugin_id: Type.Integer({ description: 'One of `plugin/list`' }),
  device_id: Type.Optional(deviceId),
  send_register_commands: Type.Optional(Type.Boolean({ description: 'Send set-up commands by SMS' })),
  phone: Type.Optional(phoneParam),
  ...apnParams,
};
const unitSchema = Type.Object(unitParams);
export type UnitParams = Static<typeof unitSchema>;

export const codeOfRefusal: Readonly<Record<UnitRefusal, NavixyCode>> = {
  unknown_account: 4,
  unknown_model: 220,
  unregistrable_model: 222,
  unknown_group: 204,
  unknown_bundle: 258,
  unknown_sim: 226,
  wrong_code: 227,
  device_limit: 221,
  legal_type: 225,
  device_id_in_use: 224,
  phone_in_use: 223,
};

/** The plugin and the model it registers. Throws codes 220 (unknown model) and 222 (unknown plugin, or not for this model). */
export function requirePlugin(params: UnitParams): { plugin: RegistrationPlugin; model: DeviceModel } {
  const model = modelByCode(params.model);
  if (model === undefined) throw new NavixyError(220);
  const plugin = pluginById(params.plugin_id);
  if (plugin === undefined || !serves(plugin, model)) throw new NavixyError(222);
  return { plugin, model };
}

/** Faults that depend on the model and the plugin. */
export function unitFaults(params: Partial<UnitParams>): Violation[] {
  const model = params.model === undefined ? undefined : modelByCode(params.model);
  if (model?.register !== true) return [];
  const faults = deviceIdFaults(model, params.device_id);
  const kind = params.plugin_id === undefined ? undefined : pluginById(params.plugin_id)?.kind;
  return kind === 'device' ? [...faults, ...simFaults(model, params)] : faults;
}

/** Second stage of the check of a device id: what its model asks for. */
function deviceIdFaults(model: DeviceModel, given: string | undefined): Violation[] {
  const rule = deviceIdRule(model);
  if (rule?.kind !== 'given') return [];
  if (given === undefined) return [{ parameter: 'device_id', error: 'must not be null' }];
  return rule.pattern.test(given) ? [] : [{ parameter: 'device_id', error: rule.text }];
}

/** Only what concerns the model is looked at. */
function simFaults(model: DeviceModel, params: Partial<UnitParams>): Violation[] {
  const faults: Violation[] = [];
  if (model.has_phone === true) {
    if (params.phone === undefined) faults.push({ parameter: 'phone', error: 'must not be null' });
    else faults.push(...phoneFaults(params.phone));
  }
  if (model.has_apn_settings === true) {
    if (params.apn_name === undefined) faults.push({ parameter: 'apn_name', error: 'must not be null' });
    else faults.push(...apnNameFaults(params.apn_name));
  }
  return faults;
}

const phonePattern = /^\+?\d{5,15}$/;

export function phoneFaults(phone: string): Violation[] {
  return phonePattern.test(phone) ? [] : [{ parameter: 'phone', error: 'must consist of 5-15 digits' }];
}

export function apnNameFaults(name: string | undefined): Violation[] {
  return name === '' ? [{ parameter: 'apn_name', error: 'must not be empty' }] : [];
}

/** The number without its `+`. */
export function digitsOf(phone: string): string {
  return phone.replace(/^\+/, '');
}

/** What is left of the parameters for a box of this model; the rest does not concern it. */
export function wantedUnit(params: UnitParams, found: { plugin: RegistrationPlugin; model: DeviceModel }): WantedUnit {
  const { plugin, model } = found;
  const takesId = plugin.kind === 'bundled' || deviceIdRule(model)?.kind === 'given';
  const isDevice = plugin.kind === 'device';
  const phone = isDevice && model.has_phone === true && params.phone !== undefined ? digitsOf(params.phone) : null;
  const apn = isDevice && model.has_apn_settings === true ? withApn(undefined, params) : undefined;
  return {
    model: model.code,
    ...(takesId && params.device_id !== undefined ? { deviceId: params.device_id } : {}),
    phone,
    ...(apn === undefined ? {} : { apn }),
    isBundled: plugin.kind === 'bundled',
    isMobileApp: isMobileApp(model.code),
  };
}

/** The access point with what was given put in; undefined when there is none. */
export function withApn(kept: SourceRow['apn'], params: ApnParams): SourceRow['apn'] {
  const name = params.apn_name ?? kept?.name;
  if (name === undefined) return undefined;
  const user = params.apn_user ?? kept?.user ?? '';
  return { name, user, password: params.apn_password ?? kept?.password ?? '' };
}

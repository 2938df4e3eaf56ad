/**
 * Special settings of a device: `tracker/settings/special/read` and `update`. They are kept with the device; no protocol served here has
 * a command that carries one to a unit.
 */
import { Type } from '@sinclair/typebox';
import type { Transaction } from '../../../store/contract.js';
import type { Registry } from '../../../store/registry.js';
import { type CallContext, defineCall } from '../call.js';
import { NavixyError } from '../errors.js';
import { trackerId } from '../param-types.js';
import {
  readSetting,
  type SettingRead,
  type SettingValue,
  shownSetting,
  takesSetting,
  typesOf,
} from '../special-settings.js';
import { requireOpenTracker } from '../visibility.js';

/** A setting in any of its forms. */
export const settingSchema = Type.Unsafe<Record<string, unknown>>({
  type: 'object',
  additionalProperties: true,
  description: 'Special settings; `type` tells the form',
});

const read = defineCall({
  name: 'tracker/settings/special/read',
  summary: 'Special settings of a device, of one type or all that its model has',
  params: Type.Object({ tracker_id: trackerId, type: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })) }),
  response: { value: Type.Optional(settingSchema), list: Type.Optional(Type.Array(settingSchema)) },
  errors: [201, 208, 214],
  handler: (context, { tracker_id, type }) => {
    const { source, model } = requireOpenTracker(context, tracker_id);
    const types = typesOf(model);
    const isKnown = type === undefined ? types.length > 0 : takesSetting(model, type);
    if (!isKnown) throw new NavixyError(214);
    const show = (each: string) => ({ ...settingOf(context, source.id, each) });
    return type === undefined ? { list: types.map(show) } : { value: show(type) };
  },
});

/** Every field is there; the time without data that makes a unit offline is the gateway's where none was set. */
function settingOf(context: CallContext, sourceId: number, type: string): SettingValue {
  const { store, statusRules } = context.services;
  const usual =
    type === 'device_status_settings'
      ? { offline_timeout_seconds: Math.round(statusRules.offlineTimeoutMs / 1000) }
      : undefined;
  return shownSetting(type, storedSetting(store.registry, sourceId, type) ?? usual);
}

const update = defineCall({
  name: 'tracker/settings/special/update',
  summary: 'Changes one of the special settings of a device',
  params: Type.Object({ tracker_id: trackerId, value: settingSchema }),
  response: {},
  rights: ['tracker_configure'],
  errors: [13, 201, 208, 214],
  examine: ({ value }) =>
    value === undefined ? [] : readSetting(value).faults.map((error) => ({ parameter: 'value', error })),
  handler: async (context, { tracker_id, value }) => {
    const { source, model } = requireOpenTracker(context, tracker_id);
    const setting = readSetting(value);
    if (!takesSetting(model, setting.type)) throw new NavixyError(214);
    await context.services.store.change((tx) => keepSetting(tx, source.id, setting));
    return {};
  },
});

/** What was set of a type. */
export function storedSetting(registry: Registry, sourceId: number, type: string): SettingValue | undefined {
  return registry.get('specialSettings', `${sourceId}:${type}`)?.value;
}

/** Keeps a setting. A password that is not to be remembered is left out. */
export function keepSetting(tx: Transaction, sourceId: number, { type, value }: SettingRead): void {
  const { password, ...rest } = value;
  const isForgotten = value.remember_password === false && password !== undefined;
  tx.put('specialSettings', { id: `${sourceId}:${type}`, sourceId, type, value: isForgotten ? rest : value });
}

export const specialSettingsCalls = [read, update] as const;

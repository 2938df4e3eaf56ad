/**
 * `tracker/register`: a box becomes a tracker of the account, through one of the registration plugins. Plugins 37 and 44 are served (a
 * device, with or without an activation code), and plugin 1 as far as no device is bundled with a SIM card here.
 */
import { randomInt } from 'node:crypto';
import { type Static, Type } from '@sinclair/typebox';
import { type DeviceModel, deviceIdRule, modelByCode } from '../../../domain/models.js';
import { registerTracker, type TrackerRefusal } from '../../../store/accounts.js';
import type { Transaction } from '../../../store/contract.js';
import type { Registry } from '../../../store/registry.js';
import type { SourceRow } from '../../../store/rows.js';
import { trackerSchema } from '../bodies.js';
import { type Call, type CallContext, defineCall } from '../call.js';
import { type NavixyCode, NavixyError, type Violation } from '../errors.js';
import { deviceId, label } from '../param-types.js';
import { trackerBody } from '../tracker-body.js';

/** Registration plugins. Source: Navixy backend API, `plugin`, and the guide "Activate device". */
const plugins = { bundledSim: 1, deviceWithCode: 37, device: 44 } as const;

const registerParams = Type.Object({
  label,
  group_id: Type.Integer({ description: '0 for no group' }),
  model: Type.String({ description: 'Code of `tracker/list_models`' }),
  plugin_id: Type.Integer({ description: '37: with activation code; 44: without' }),
  device_id: Type.Optional(deviceId),
  send_register_commands: Type.Optional(Type.Boolean()),
  phone: Type.Optional(Type.String({ description: 'International, digits; for models with a SIM card' })),
  apn_name: Type.Optional(Type.String({ maxLength: 40 })),
  apn_user: Type.Optional(Type.String({ maxLength: 40 })),
  apn_password: Type.Optional(Type.String({ maxLength: 40 })),
  activation_code: Type.Optional(Type.String({ pattern: '^[0-9A-Za-z]{1,40}$' })),
});
type RegisterParams = Static<typeof registerParams>;

const register = defineCall({
  name: 'tracker/register',
  summary: 'Registers a device',
  params: registerParams,
  response: { value: trackerSchema },
  rights: ['tracker_register'],
  errors: [13, 204, 220, 221, 222, 223, 224, 258],
  examine: faultsOf,
  handler: async (context, params) => {
    const model = requireModel(params);
    const outcome = await context.services.store.change((tx) => {
      requireGroupAndBundle(tx.registry, context, params);
      const made = registerTracker(tx, {
        accountId: context.user.accountId,
        label: params.label,
        model: model.code,
        deviceId: deviceIdOf(tx.registry, model, params),
        groupId: params.group_id,
        phone: model.has_phone === true ? digitsOf(params.phone) : null,
        ...apnOf(model, params),
      });
      if (!made.ok) throw new NavixyError(codeOfRefusal[made.reason]);
      assignTo(tx, context.user.id, made.tracker.id);
      return made;
    });
    return { value: trackerBody(outcome.tracker, outcome.source, context.dates) };
  },
});

const codeOfRefusal: Readonly<Record<TrackerRefusal, NavixyCode>> = {
  unknown_account: 4,
  unknown_model: 220,
  unregistrable_model: 222,
  unknown_group: 204,
  device_limit: 221,
  device_id_in_use: 224,
  phone_in_use: 223,
};

/** A sub-user who sees only some trackers sees those registered by them too. */
function assignTo(tx: Transaction, userId: number, trackerId: number): void {
  const user = tx.registry.get('user', userId);
  if (user?.trackerIds !== undefined) tx.put('user', { ...user, trackerIds: [...user.trackerIds, trackerId] });
}

/** Throws codes 220 (unknown model) and 222 (unknown plugin, or not for this model). */
function requireModel(params: RegisterParams): DeviceModel {
  const model = modelByCode(params.model);
  if (model === undefined) throw new NavixyError(220);
  const isServed = Object.values<number>(plugins).includes(params.plugin_id);
  if (!isServed || !model.register || model.protocol === null) throw new NavixyError(222);
  return model;
}

/** Throws codes 204 and 258. */
function requireGroupAndBundle(registry: Registry, context: CallContext, params: RegisterParams): void {
  const { accountId } = context.user;
  const isKnown = params.group_id === 0 || registry.get('group', params.group_id)?.accountId === accountId;
  if (!isKnown) throw new NavixyError(204);
  if (params.plugin_id === plugins.bundledSim) throw new NavixyError(258);
}

/** Faults that depend on the model and the plugin. */
function faultsOf(params: Partial<RegisterParams>): Violation[] {
  const model = params.model === undefined ? undefined : modelByCode(params.model);
  const faults: Violation[] = [];
  if (params.plugin_id === plugins.deviceWithCode && params.activation_code === undefined) {
    faults.push({ parameter: 'activation_code', error: 'must not be null' });
  }
  if (model?.register !== true) return faults;
  faults.push(...deviceIdFaults(model, params));
  if (params.plugin_id === plugins.device || params.plugin_id === plugins.deviceWithCode) {
    faults.push(...simFaults(model, params));
  }
  return faults;
}

/** Second stage of the check of a device id: what its model asks for. */
function deviceIdFaults(model: DeviceModel, params: Partial<RegisterParams>): Violation[] {
  const rule = deviceIdRule(model);
  if (rule?.kind !== 'given') return [];
  if (params.device_id === undefined) return [{ parameter: 'device_id', error: 'must not be null' }];
  return rule.pattern.test(params.device_id) ? [] : [{ parameter: 'device_id', error: rule.text }];
}

/** Only what concerns the model is looked at. */
function simFaults(model: DeviceModel, params: Partial<RegisterParams>): Violation[] {
  const faults: Violation[] = [];
  if (model.has_phone === true) {
    if (params.phone === undefined) faults.push({ parameter: 'phone', error: 'must not be null' });
    else if (!phonePattern.test(params.phone))
      faults.push({ parameter: 'phone', error: 'must consist of 5-15 digits' });
  }
  if (model.has_apn_settings === true && (params.apn_name ?? '') === '') {
    faults.push({
      parameter: 'apn_name',
      error: params.apn_name === undefined ? 'must not be null' : 'must not be empty',
    });
  }
  return faults;
}

const phonePattern = /^\+?\d{5,15}$/;

function digitsOf(phone: string | undefined): string | null {
  return phone === undefined ? null : phone.replace(/^\+/, '');
}

function apnOf(model: DeviceModel, params: RegisterParams): { apn?: NonNullable<SourceRow['apn']> } {
  if (model.has_apn_settings !== true || params.apn_name === undefined) return {};
  return { apn: { name: params.apn_name, user: params.apn_user ?? '', password: params.apn_password ?? '' } };
}

/** The identity given, or a free one for models that get theirs from the server. */
function deviceIdOf(registry: Registry, model: DeviceModel, params: RegisterParams): string {
  const rule = deviceIdRule(model);
  if (rule?.kind !== 'generated') return params.device_id ?? '';
  const count = 10 ** (rule.digits - rule.prefix.length);
  for (;;) {
    const id = rule.prefix + String(randomInt(count)).padStart(rule.digits - rule.prefix.length, '0');
    if (registry.sourceByDeviceId(id) === undefined) return id;
  }
}

export const trackerRegisterCalls: readonly Call[] = [register];

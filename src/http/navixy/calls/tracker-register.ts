/**
 * `tracker/register`, `register_quick` and `register_retry`: a box becomes a tracker of the account, through one of the registration
 * plugins or from the account's bundles.
 */
import { Type } from '@sinclair/typebox';
import type { Transaction } from '../../../store/contract.js';
import { bundleOf, registerUnit, type WantedUnit } from '../../../store/registration.js';
import { trackerSchema } from '../bodies.js';
import { type CallContext, defineCall } from '../call.js';
import { NavixyError } from '../errors.js';
import { deviceId, label, trackerId } from '../param-types.js';
import { pluginById } from '../plugins.js';
import {
  apnNameFaults,
  apnParams,
  codeOfRefusal,
  requirePlugin,
  unitFaults,
  unitParams,
  wantedUnit,
} from '../registration.js';
import { requireSetUp, sendSetUp, setUpSource } from '../set-up.js';
import { trackerBody } from '../tracker-body.js';
import { requireOpenTracker, type TrackerView, visibleTrackers } from '../visibility.js';

const groupId = Type.Integer({ description: '0 for no group' });
const activationCode = Type.String({ pattern: '^[0-9A-Za-z]{1,40}$' });
const response = { value: trackerSchema };

const register = defineCall({
  name: 'tracker/register',
  summary: 'Registers a device',
  params: Type.Object({
    label,
    group_id: groupId,
    ...unitParams,
    activation_code: Type.Optional(activationCode),
    notification_email: Type.Optional(Type.String({ maxLength: 254 })),
    notification_phone: Type.Optional(Type.String({ maxLength: 20 })),
  }),
  response,
  rights: ['tracker_register'],
  errors: [13, 204, 220, 221, 222, 223, 224, 225, 226, 227, 258],
  examine: (params) => {
    const plugin = params.plugin_id === undefined ? undefined : pluginById(params.plugin_id);
    const isMissing = plugin?.activationCode === 'required' && params.activation_code === undefined;
    const faults = isMissing ? [{ parameter: 'activation_code', error: 'must not be null' }] : [];
    return [...faults, ...unitFaults(params)];
  },
  handler: async (context, params) => {
    const found = requirePlugin(params);
    const code = found.plugin.activationCode === 'none' ? undefined : params.activation_code;
    const unit = { ...wantedUnit(params, found), ...(code === undefined ? {} : { activationCode: code }) };
    const { tracker, source } = await place(context, params, unit);
    if (found.plugin.kind === 'device') await sendSetUp(context, source, params.send_register_commands);
    return { value: trackerBody(tracker, source, context.dates) };
  },
});

const registerQuick = defineCall({
  name: 'tracker/register_quick',
  summary: 'Registers a device of the account’s bundles by its IMEI alone',
  params: Type.Object({ label, group_id: groupId, imei: deviceId }),
  response,
  rights: ['tracker_register'],
  errors: [13, 201, 204, 220, 221, 222, 223, 224, 225, 226, 227],
  handler: async (context, params) => {
    const { tracker, source } = await place(context, params, bundledUnit(context, params.imei));
    return { value: trackerBody(tracker, source, context.dates) };
  },
});

/** The unit of a bundle of the account. Throws code 201. */
export function bundledUnit(context: CallContext, imei: string): WantedUnit {
  const bundle = bundleOf(context.services.store.registry, context.user.accountId, imei);
  if (bundle === undefined) throw new NavixyError(201);
  return { model: bundle.model, deviceId: bundle.id, phone: null, isBundled: true };
}

async function place(context: CallContext, wanted: { label: string; group_id: number }, unit: WantedUnit) {
  const { accountId, id: userId } = context.user;
  return context.services.store.change((tx) => {
    const outcome = registerUnit(tx, { accountId, label: wanted.label, groupId: wanted.group_id, unit });
    if (!outcome.ok) throw new NavixyError(codeOfRefusal[outcome.reason]);
    assignTo(tx, userId, outcome.tracker.id);
    return outcome;
  });
}

/** A sub-user who sees only some trackers sees those registered by them too. */
function assignTo(tx: Transaction, userId: number, newId: number): void {
  const user = tx.registry.get('user', userId);
  if (user?.trackerIds !== undefined) tx.put('user', { ...user, trackerIds: [...user.trackerIds, newId] });
}

const registerRetry = defineCall({
  name: 'tracker/register_retry',
  summary: 'Sends the set-up commands of a device again; the tracker id counts where both are given',
  params: Type.Object({
    tracker_id: Type.Optional(trackerId),
    device_id: Type.Optional(deviceId),
    ...apnParams,
    send_register_commands: Type.Optional(Type.Boolean()),
  }),
  response,
  rights: ['tracker_register'],
  errors: [13, 201, 208, 214, 219, 242, 264],
  examine: (params) => {
    const isNameless = params.tracker_id === undefined && params.device_id === undefined;
    const faults = isNameless ? [{ parameter: 'tracker_id', error: 'must not be null' }] : [];
    return [...faults, ...apnNameFaults(params.apn_name)];
  },
  handler: async (context, params) => {
    const view = viewFor(context, params);
    requireSetUp(view, context);
    const source = await context.services.store.change((tx) => {
      const changed = setUpSource(view.source, params, tx.at);
      tx.put('source', changed);
      return changed;
    });
    await sendSetUp(context, source, params.send_register_commands);
    return { value: trackerBody(view.tracker, source, context.dates) };
  },
});

/** Throws codes 201 and 208. */
function viewFor(context: CallContext, params: { tracker_id?: number; device_id?: string }): TrackerView {
  if (params.tracker_id !== undefined) return requireOpenTracker(context, params.tracker_id);
  const views = visibleTrackers(context).filter(({ source }) => source.deviceId === params.device_id);
  const view = views.find(({ tracker }) => !tracker.clone) ?? views[0];
  if (view === undefined) throw new NavixyError(201);
  return requireOpenTracker(context, view.tracker.id);
}

export const trackerRegisterCalls = [register, registerQuick, registerRetry] as const;

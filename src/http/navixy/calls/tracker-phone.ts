/**
 * The SIM card of a device: `tracker/change_phone`, `tracker/apn_settings/read` and `apn_settings/read`.
 */
import { Type } from '@sinclair/typebox';
import type { Registry } from '../../../store/registry.js';
import { defineCall } from '../call.js';
import { NavixyError } from '../errors.js';
import { trackerId } from '../param-types.js';
import { apnNameFaults, apnParams, digitsOf, phoneFaults, phoneParam, withApn } from '../registration.js';
import { sendSetUp } from '../set-up.js';
import { requireOpenTracker, visibleTrackers } from '../visibility.js';

const changePhone = defineCall({
  name: 'tracker/change_phone',
  summary: 'Tells that the device has another SIM card; access point settings that are left out stay as they are',
  params: Type.Object({ tracker_id: trackerId, phone: phoneParam, ...apnParams }),
  response: {},
  rights: ['tracker_configure'],
  errors: [13, 201, 208, 214, 219, 223, 241],
  examine: ({ phone, apn_name }) => [...(phone === undefined ? [] : phoneFaults(phone)), ...apnNameFaults(apn_name)],
  handler: async (context, params) => {
    const { store } = context.services;
    const { tracker, source, model } = requireOpenTracker(context, params.tracker_id);
    if (tracker.clone) throw new NavixyError(219);
    if (model?.has_phone !== true) throw new NavixyError(214);
    const phone = digitsOf(params.phone);
    const holder = store.registry.sourceByPhone(phone);
    if (holder !== undefined && holder.id !== source.id) throw new NavixyError(223);
    if (isBundled(store.registry, phone)) throw new NavixyError(241);
    const apn = withApn(source.apn, params);
    const changed = { ...source, phone, ...(apn === undefined ? {} : { apn }) };
    await store.change((tx) => tx.put('source', changed));
    await sendSetUp(context, changed);
    return {};
  },
});

/** Whether the number is that of a SIM card that was sold with a device. */
function isBundled(registry: Registry, phone: string): boolean {
  for (const bundle of registry.all('bundle')) if (digitsOf(bundle.phone) === phone) return true;
  return false;
}

const apnSchema = { name: Type.String(), user: Type.String(), password: Type.String() };
const noApn = { name: '', user: '', password: '' };

const readOfTracker = defineCall({
  name: 'tracker/apn_settings/read',
  summary: 'Access point of the SIM card of a device',
  params: Type.Object({ tracker_id: trackerId }),
  response: { value: Type.Object(apnSchema) },
  errors: [201, 208, 214],
  handler: (context, params) => {
    const { source, model } = requireOpenTracker(context, params.tracker_id);
    if (model?.has_apn_settings !== true) throw new NavixyError(214);
    return { value: { ...(source.apn ?? noApn) } };
  },
});

const readOfPhone = defineCall({
  name: 'apn_settings/read',
  summary: 'Access point of a SIM card by its number, as it was given at registration',
  params: Type.Object({ phone: phoneParam }),
  response: { value: Type.Object({ ...apnSchema, operator_name: Type.String() }) },
  errors: [201],
  examine: ({ phone }) => (phone === undefined ? [] : phoneFaults(phone)),
  handler: (context, params) => {
    const phone = digitsOf(params.phone);
    const apn = visibleTrackers(context).find(({ source }) => source.phone === phone)?.source.apn;
    if (apn === undefined) throw new NavixyError(201);
    return { value: { ...apn, operator_name: '' } };
  },
});

export const trackerPhoneCalls = [changePhone, readOfTracker, readOfPhone] as const;

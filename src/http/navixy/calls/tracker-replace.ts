/**
 * `tracker/replace`, `replace_quick` and `replace_retry`: another box takes the place of a tracker's. Id, label, history, sensors and
 * rules stay; the session of the old box ends.
 */
import { Type } from '@sinclair/typebox';
import { replaceUnit, type WantedUnit } from '../../../store/registration.js';
import { trackerSchema } from '../bodies.js';
import { type CallContext, defineCall } from '../call.js';
import { invalidParameters, NavixyError } from '../errors.js';
import { deviceId, trackerId } from '../param-types.js';
import { isMobileApp } from '../plugins.js';
import {
  apnNameFaults,
  apnParams,
  codeOfRefusal,
  requirePlugin,
  unitFaults,
  unitParams,
  wantedUnit,
} from '../registration.js';
import { dismiss, isActivated, requireSetUp, sendSetUp, setUpSource } from '../set-up.js';
import { trackerBody } from '../tracker-body.js';
import { requireOpenTracker, type TrackerView } from '../visibility.js';
import { bundledUnit } from './tracker-register.js';

const response = { value: trackerSchema };
const noApp = 'must not be a mobile app';

const replace = defineCall({
  name: 'tracker/replace',
  summary: 'Puts another device in the place of a tracker’s',
  params: Type.Object({ tracker_id: trackerId, ...unitParams }),
  response,
  rights: ['tracker_configure'],
  errors: [13, 201, 208, 219, 220, 221, 222, 223, 224, 225, 226, 258, 266],
  examine: (params) => {
    const isApp = params.model !== undefined && isMobileApp(params.model);
    return [...(isApp ? [{ parameter: 'model', error: noApp }] : []), ...unitFaults(params)];
  },
  handler: async (context, params) => {
    const view = requireReplaceable(context, params.tracker_id);
    const found = requirePlugin(params);
    const { tracker, source } = await put(context, view, wantedUnit(params, found));
    if (found.plugin.kind === 'device') await sendSetUp(context, source, params.send_register_commands);
    return { value: trackerBody(tracker, source, context.dates) };
  },
});

const replaceQuick = defineCall({
  name: 'tracker/replace_quick',
  summary: 'Puts a device of the account’s bundles in the place of a tracker’s, by its IMEI alone',
  params: Type.Object({ tracker_id: trackerId, imei: deviceId }),
  response,
  rights: ['tracker_configure'],
  errors: [13, 201, 208, 219, 220, 221, 222, 223, 224, 225, 226, 266],
  handler: async (context, params) => {
    const view = requireReplaceable(context, params.tracker_id);
    const { tracker, source } = await put(context, view, bundledUnit(context, params.imei));
    return { value: trackerBody(tracker, source, context.dates) };
  },
});

/** Throws codes 201, 208, 219 (clone), 7 (the device is an app) and 266 (it never sent anything). */
function requireReplaceable(context: CallContext, id: number): TrackerView {
  const view = requireOpenTracker(context, id);
  if (view.tracker.clone) throw new NavixyError(219);
  if (isMobileApp(view.source.model)) throw invalidParameters([{ parameter: 'tracker_id', error: noApp }]);
  if (!isActivated(view)) throw new NavixyError(266);
  return view;
}

async function put(context: CallContext, view: TrackerView, unit: WantedUnit) {
  const { store } = context.services;
  const made = await store.change((tx) => {
    const outcome = replaceUnit(tx, view.tracker, unit);
    if (!outcome.ok) throw new NavixyError(codeOfRefusal[outcome.reason]);
    return outcome;
  });
  await dismiss(context, view.source);
  return made;
}

const replaceRetry = defineCall({
  name: 'tracker/replace_retry',
  summary: 'Sends the set-up commands of a device that took the place of another again',
  params: Type.Object({
    tracker_id: trackerId,
    ...apnParams,
    send_register_commands: Type.Optional(Type.Boolean()),
  }),
  response,
  rights: ['tracker_configure'],
  errors: [13, 204, 208, 214, 219, 242, 264, 266],
  examine: (params) => apnNameFaults(params.apn_name),
  handler: async (context, params) => {
    const view = requireOpenTracker(context, params.tracker_id, 204);
    requireSetUp(view, context);
    if (!wasActivated(context, view)) throw new NavixyError(266);
    const source = await context.services.store.change((tx) => {
      const changed = setUpSource(view.source, params, tx.at);
      tx.put('source', changed);
      return changed;
    });
    await sendSetUp(context, source, params.send_register_commands);
    return { value: trackerBody(view.tracker, source, context.dates) };
  },
});

/** Whether the box that was replaced ever sent anything. False where none was replaced and the present one is silent. */
function wasActivated(context: CallContext, { tracker, source }: TrackerView): boolean {
  const ids = tracker.formerSourceIds ?? [source.id];
  return ids.some((id) => (context.services.store.stateOf(id)?.heardAt ?? 0) > 0);
}

export const trackerReplaceCalls = [replace, replaceQuick, replaceRetry] as const;

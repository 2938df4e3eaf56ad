/**
 * How trackers go: `tracker/corrupt` deletes a device for good, `tracker/delete` a clone.
 */
import { Type } from '@sinclair/typebox';
import { corruptSource, deleteClone, tiesOf } from '../../../store/removal.js';
import { defineCall } from '../call.js';
import { NavixyError } from '../errors.js';
import { trackerId } from '../param-types.js';
import { dismiss, isConnected } from '../set-up.js';
import { requireTracker, viewOf } from '../visibility.js';

const corrupt = defineCall({
  name: 'tracker/corrupt',
  summary: 'Deletes a device for good, its clones included; its identity and number are free again',
  params: Type.Object({ tracker_id: trackerId }),
  response: {},
  rights: ['tracker_register'],
  errors: [13, 201, 208, 219, 243, 252],
  handler: async (context, params) => {
    const { store } = context.services;
    const view = viewOf(context, params.tracker_id);
    if (view === undefined) throw new NavixyError(201);
    if (view.source.blocked) throw new NavixyError(208);
    if (view.tracker.clone) throw new NavixyError(219);
    if (view.source.corrupted === true) throw new NavixyError(252);
    if (isConnected(view, context)) throw new NavixyError(243);
    await store.change((tx) => corruptSource(tx, view.source));
    // It may have connected while the change was being kept.
    await dismiss(context, view.source);
    return {};
  },
});

const remove = defineCall({
  name: 'tracker/delete',
  summary: 'Deletes a clone',
  params: Type.Object({ tracker_id: trackerId }),
  response: {},
  rights: ['admin'],
  errors: [13, 201, 203, 249],
  handler: async (context, params) => {
    const { store } = context.services;
    const { tracker } = requireTracker(context, params.tracker_id);
    if (!tracker.clone) throw new NavixyError(249);
    const { rules, vehicles } = tiesOf(store.registry, tracker.id);
    if (rules.length > 0) throw new NavixyError(203, { rules });
    if (vehicles.length > 0) throw new NavixyError(203, { vehicles });
    await store.change((tx) => deleteClone(tx, tracker));
    return {};
  },
});

export const trackerRemoveCalls = [corrupt, remove] as const;

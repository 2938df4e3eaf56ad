/**
 * Settings of a tracker: label and group, trip detection, positions from cells, tracking mode. Trip detection is applied to what its
 * unit reports from then on; the last two are kept for clients only.
 */
import { Type } from '@sinclair/typebox';
import type { TrackerSettings } from '../../../store/rows.js';
import { type CallContext, defineCall } from '../call.js';
import { NavixyError } from '../errors.js';
import { label, trackerId } from '../param-types.js';
import { requireOpenTracker, type TrackerView } from '../visibility.js';

const params = Type.Object({ tracker_id: trackerId });
const minuteMs = 60_000;

const read = defineCall({
  name: 'tracker/settings/read',
  summary: 'Label and group of a tracker',
  params,
  response: { settings: Type.Object({ label: Type.String(), group_id: Type.Integer() }) },
  errors: [201, 208],
  handler: (context, { tracker_id }) => {
    const { tracker } = requireOpenTracker(context, tracker_id);
    return { settings: { label: tracker.label, group_id: tracker.groupId } };
  },
});

const update = defineCall({
  name: 'tracker/settings/update',
  summary: 'Changes label and group of a tracker',
  params: Type.Object({ tracker_id: trackerId, group_id: Type.Integer({ description: '0 for no group' }), label }),
  response: {},
  rights: ['tracker_update'],
  errors: [13, 201, 204, 208],
  handler: async (context, wanted) => {
    const { store } = context.services;
    const { tracker } = requireOpenTracker(context, wanted.tracker_id);
    const groupId = wanted.group_id;
    const isKnown = groupId === 0 || store.registry.get('group', groupId)?.accountId === context.user.accountId;
    if (!isKnown) throw new NavixyError(204);
    await store.change((tx) => tx.put('tracker', { ...tracker, label: wanted.label, groupId }));
    return {};
  },
});

const tripFields = {
  min_idle_duration_minutes: Type.Integer({ minimum: 1, maximum: 1440, description: 'Idle this long: parked' }),
  idle_speed_threshold: Type.Integer({ minimum: 0, maximum: 200, description: 'Below it idle, km/h; 0 for never' }),
};

const readTrips = defineCall({
  name: 'tracker/settings/trip_detection/read',
  summary: 'How trips of a tracker are told',
  params,
  response: { ...tripFields, ignition_aware: Type.Boolean(), motion_sensor_aware: Type.Boolean() },
  errors: [204, 208],
  handler: (context, { tracker_id }) => {
    const trips = tripsOf(context, requireOpenTracker(context, tracker_id, 204));
    return {
      min_idle_duration_minutes: Math.max(1, Math.round(trips.minIdleMs / minuteMs)),
      idle_speed_threshold: Math.round(trips.idleSpeedKmh),
      ignition_aware: trips.ignitionAware,
      motion_sensor_aware: trips.motionAware,
    };
  },
});

function tripsOf(context: CallContext, { tracker }: TrackerView): NonNullable<TrackerSettings['trips']> {
  return tracker.settings?.trips ?? { ...context.services.trips, ignitionAware: false, motionAware: false };
}

const updateTrips = defineCall({
  name: 'tracker/settings/trip_detection/update',
  summary: 'Changes how trips of a tracker are told; flags that are left out stay as they are',
  params: Type.Object({
    tracker_id: trackerId,
    ...tripFields,
    ignition_aware: Type.Optional(Type.Boolean()),
    motion_sensor_aware: Type.Optional(Type.Boolean()),
  }),
  response: {},
  rights: ['tracker_update'],
  errors: [13, 204, 208],
  handler: async (context, wanted) => {
    const view = requireOpenTracker(context, wanted.tracker_id, 204);
    const kept = tripsOf(context, view);
    await keep(context, view, {
      trips: {
        minIdleMs: wanted.min_idle_duration_minutes * minuteMs,
        idleSpeedKmh: wanted.idle_speed_threshold,
        ignitionAware: wanted.ignition_aware ?? kept.ignitionAware,
        motionAware: wanted.motion_sensor_aware ?? kept.motionAware,
      },
    });
    return {};
  },
});

async function keep(context: CallContext, { tracker }: TrackerView, changed: TrackerSettings): Promise<void> {
  const settings = { ...tracker.settings, ...changed };
  await context.services.store.change((tx) => tx.put('tracker', { ...tracker, settings }));
}

/** Radius of a tracker that has none set, m. */
const defaultLbsRadiusM = 10_000;
const lbsRadius = Type.Integer({
  minimum: 0,
  maximum: 10_000,
  description: 'Largest radius of a position from cells, m',
});

const readLbs = defineCall({
  name: 'tracker/settings/lbs/read',
  summary: 'Which positions from cells are wanted',
  params,
  response: { value: Type.Object({ max_radius: lbsRadius }) },
  errors: [201, 208],
  handler: (context, { tracker_id }) => {
    const { tracker } = requireOpenTracker(context, tracker_id);
    return { value: { max_radius: tracker.settings?.lbsMaxRadiusM ?? defaultLbsRadiusM } };
  },
});

const updateLbs = defineCall({
  name: 'tracker/settings/lbs/update',
  summary: 'Changes which positions from cells are wanted',
  params: Type.Object({ tracker_id: trackerId, max_radius: lbsRadius }),
  response: {},
  rights: ['tracker_update'],
  errors: [13, 201, 208],
  handler: async (context, wanted) => {
    await keep(context, requireOpenTracker(context, wanted.tracker_id), { lbsMaxRadiusM: wanted.max_radius });
    return {};
  },
});

const trackingSettings = Type.Unsafe<Record<string, unknown>>({
  type: 'object',
  additionalProperties: true,
  description: 'Depends on the `track_control` of the model',
});

const readTracking = defineCall({
  name: 'tracker/settings/tracking/read',
  summary: 'Tracking mode of a tracker, as it was last set',
  params,
  response: { value: trackingSettings },
  errors: [201, 208, 214],
  handler: (context, { tracker_id }) => {
    const view = requireOpenTracker(context, tracker_id);
    requireTrackControl(view);
    return { value: { ...view.tracker.settings?.tracking } };
  },
});

/** JSON text of larger settings than these is refused. */
const maxTrackingLength = 4096;

const updateTracking = defineCall({
  name: 'tracker/settings/tracking/update',
  summary: 'Sets the tracking mode of a tracker',
  params: Type.Object({ tracker_id: trackerId, tracking_settings: trackingSettings }),
  response: {},
  rights: ['tracker_configure'],
  errors: [13, 201, 208, 214, 219],
  examine: ({ tracking_settings }) =>
    JSON.stringify(tracking_settings ?? {}).length > maxTrackingLength
      ? [{ parameter: 'tracking_settings', error: `size must be between 0 and ${maxTrackingLength}` }]
      : [],
  handler: async (context, wanted) => {
    const view = requireOpenTracker(context, wanted.tracker_id);
    if (view.tracker.clone) throw new NavixyError(219);
    requireTrackControl(view);
    await keep(context, view, { tracking: wanted.tracking_settings });
    return {};
  },
});

/** Throws code 214. */
function requireTrackControl({ model }: TrackerView): void {
  if (model === undefined || model.track_control === 'none') throw new NavixyError(214);
}

export const trackerSettingsCalls = [
  ...[read, update, readTrips, updateTrips],
  ...[readLbs, updateLbs, readTracking, updateTracking],
] as const;

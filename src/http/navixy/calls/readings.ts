/**
 * Last readings with a time each: `tracker/readings/list`, `tracker/readings/batch_list`.
 */
import { Type } from '@sinclair/typebox';
import { defineCall, PreparedAnswer } from '../call.js';
import { pacedJson } from '../paced-json.js';
import { dictionary, oneOf, trackerId, withDefault } from '../param-types.js';
import { readingsBody, readingsObject, readingsSchema } from '../readings-body.js';
import { readingTypes } from '../sensors-params.js';
import { requireOpenTracker, requireTrackers } from '../visibility.js';

const filterParams = {
  sensor_type: Type.Optional(oneOf(readingTypes, { description: 'Only such sensors, without states and counters' })),
  include_components: withDefault(Type.Boolean({ description: 'Parts of composite sensors too' }), true),
};

const list = defineCall({
  name: 'tracker/readings/list',
  summary: 'Last values of all sensors, states and counters of a tracker',
  params: Type.Object({ tracker_id: trackerId, ...filterParams }),
  response: readingsSchema,
  errors: [204, 208],
  handler: (context, params) =>
    readingsBody(context, requireOpenTracker(context, params.tracker_id, 204), {
      sensorType: params.sensor_type,
      withComponents: params.include_components,
    }),
});

/** Most trackers of one request. */
const maxTrackers = 2000;

const batchList = defineCall({
  name: 'tracker/readings/batch_list',
  summary: 'Last values of all sensors, states and counters of several trackers; blocked ones are left out',
  params: Type.Object({ trackers: Type.Array(Type.Integer(), { maxItems: maxTrackers }), ...filterParams }),
  response: { result: dictionary(readingsObject, { description: 'By tracker id' }) },
  errors: [217],
  handler: async (context, params) => {
    const filter = { sensorType: params.sensor_type, withComponents: params.include_components };
    const open = requireTrackers(context, params.trackers).filter(({ source }) => !source.blocked);
    const json = await pacedJson(
      open,
      (view) => `"${view.tracker.id}":${JSON.stringify(readingsBody(context, view, filter))}`,
    );
    return new PreparedAnswer(`{"success":true,"result":{${json}}}`);
  },
});

export const readingCalls = [list, batchList] as const;

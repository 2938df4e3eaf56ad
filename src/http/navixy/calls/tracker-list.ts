/**
 * Trackers themselves: `tracker/read` and `tracker/list`.
 */
import { Type } from '@sinclair/typebox';
import { trackerSchema } from '../bodies.js';
import { defineCall, PreparedAnswer } from '../call.js';
import { pacedJson } from '../paced-json.js';
import { trackerId } from '../param-types.js';
import { trackerBody } from '../tracker-body.js';
import { requireTracker, visibleTrackers } from '../visibility.js';

const read = defineCall({
  name: 'tracker/read',
  summary: 'A tracker by id, blocked or not',
  params: Type.Object({ tracker_id: trackerId }),
  response: { value: trackerSchema },
  errors: [201],
  handler: (context, params) => {
    const { tracker, source } = requireTracker(context, params.tracker_id);
    return { value: trackerBody(tracker, source, context.dates) };
  },
});

const labels = Type.Array(Type.String({ minLength: 1, maxLength: 60 }), {
  minItems: 1,
  maxItems: 1024,
  uniqueItems: true,
  description: 'Only trackers whose label contains one of these',
});

const list = defineCall({
  name: 'tracker/list',
  summary: 'Trackers of the account, clones and blocked ones included',
  params: Type.Object({ labels: Type.Optional(labels) }),
  response: { list: Type.Array(trackerSchema) },
  handler: async (context, { labels: parts }) => {
    const json = await pacedJson(visibleTrackers(context), ({ tracker, source }) => {
      const isWanted = parts?.some((part) => tracker.label.includes(part)) ?? true;
      return isWanted ? JSON.stringify(trackerBody(tracker, source, context.dates)) : undefined;
    });
    return new PreparedAnswer(`{"success":true,"list":[${json}]}`);
  },
});

export const trackerListCalls = [read, list] as const;

/**
 * How far trackers have come, day by day: `tracker/stats/mileage/read`.
 */
import { Type } from '@sinclair/typebox';
import { defineCall } from '../call.js';
import { mileageByDay } from '../counters-history.js';
import { dateParam, requireSpan } from '../date-params.js';
import { NavixyError } from '../errors.js';
import { dictionary } from '../param-types.js';
import { limitSpan } from '../spans.js';
import { requireTrackers } from '../visibility.js';

const maxTrackers = 128;
const maxDays = 31;

const read = defineCall({
  name: 'tracker/stats/mileage/read',
  summary: 'Kilometres of trackers by day, by the fixes of their receivers; days without a fix are left out',
  params: Type.Object({
    trackers: Type.Array(Type.Integer(), { description: `Tracker ids, ${maxTrackers} at most` }),
    from: dateParam('First moment'),
    to: dateParam(`Last moment, ${maxDays} days later at most`),
  }),
  response: {
    result: dictionary(
      dictionary(Type.Object({ mileage: Type.Number({ description: 'km' }) }), { description: 'By day, `yyyy-MM-dd`' }),
      { description: 'By tracker id' },
    ),
    limit_exceeded: Type.Boolean({ description: 'Always false: nothing is cut off' }),
  },
  errors: [211, 217, 221],
  handler: async (context, wanted) => {
    const span = requireSpan(context, wanted);
    if (wanted.trackers.length > maxTrackers) throw new NavixyError(221);
    const views = requireTrackers(context, wanted.trackers);
    limitSpan(context, span, maxDays);
    const result: Record<string, Record<string, { mileage: number }>> = {};
    await context.services.turns.take(context.user.accountId, async () => {
      for (const { tracker } of views) result[tracker.id] = await mileageByDay(context, tracker, span);
    });
    return { result, limit_exceeded: false };
  },
});

export const mileageCalls = [read] as const;

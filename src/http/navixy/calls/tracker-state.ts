/**
 * What trackers are doing: `tracker/get_state`, `tracker/get_states`, `tracker/get_last_gps_point`.
 */
import { Type } from '@sinclair/typebox';
import { Pacer } from '../../../store/pacer.js';
import { AnswerBytes } from '../answer-bytes.js';
import { dateTime, gpsPointSchema, stateSchema } from '../bodies.js';
import { type CallContext, defineCall, PreparedAnswer } from '../call.js';
import { NavixyError } from '../errors.js';
import { dictionary, nullable, trackerId, withDefault } from '../param-types.js';
import { appendState, precisionOf, stateJson } from '../state-body.js';
import { planOf } from '../state-fields.js';
import { requireOpenTracker, type TrackerView, viewOf, visibleTrackers } from '../visibility.js';

const getState = defineCall({
  name: 'tracker/get_state',
  summary: 'State of a tracker now',
  params: Type.Object({ tracker_id: trackerId }),
  response: { user_time: dateTime, state: stateSchema },
  errors: [201, 208],
  handler: (context, params) => {
    const view = requireOpenTracker(context, params.tracker_id);
    const userTime = JSON.stringify(context.dates.format(context.now));
    return new PreparedAnswer(`{"success":true,"user_time":${userTime},"state":${stateJson(view, context)}}`);
  },
});

const maxTrackers = 2000;

const getStates = defineCall({
  name: 'tracker/get_states',
  summary: 'States of several trackers now, or of all',
  params: Type.Object({
    trackers: Type.Optional(
      Type.Array(Type.Integer(), {
        maxItems: maxTrackers,
        description: 'Tracker ids; all of the account when left out',
      }),
    ),
    list_blocked: withDefault(Type.Boolean({ description: 'List blocked trackers instead of error 208' }), false),
    allow_not_exist: withDefault(
      Type.Boolean({ description: 'List unknown trackers instead of errors 217 and 201' }),
      false,
    ),
  }),
  response: {
    user_time: dateTime,
    states: dictionary(stateSchema, { description: 'By tracker id' }),
    blocked: Type.Optional(Type.Array(Type.Integer())),
    not_exist: Type.Optional(Type.Array(Type.Integer())),
  },
  errors: [201, 208, 217],
  handler: async (context, params) => {
    // Finding thousands of trackers takes a part of the first step.
    const pacer = new Pacer(context.services.clock);
    const sorted = params.trackers === undefined ? sortAll(context) : sortAsked(context, params.trackers);
    if (params.trackers !== undefined) refuseWhatIsNotAllowed(sorted, params);
    return new PreparedAnswer(await statesJson(sorted, context, { ...params, pacer }));
  },
});

/** States between two looks at the clock. */
const statesALook = 16;
const expectedStateBytes = 1200;

/**
 * Thousands of states are put together as bytes: most of them have not changed since they were last asked for. Where many have, units do
 * not wait until all are written anew.
 */
async function statesJson(sorted: Sorted, context: CallContext, { pacer, ...flags }: Writing): Promise<AnswerBytes> {
  const answer = new AnswerBytes((sorted.open.length + 1) * expectedStateBytes);
  answer.appendAscii(`{"success":true,"user_time":${JSON.stringify(context.dates.format(context.now))},"states":{`);
  for (const [i, view] of sorted.open.entries()) {
    answer.appendAscii(`${i === 0 ? '' : ','}"${view.tracker.id}":`);
    appendState(answer, view, context);
    if (i % statesALook === 0 && pacer.isDue) await pacer.rest();
  }
  const blocked = flags.list_blocked ? `,"blocked":[${sorted.blocked.join()}]` : '';
  const unknown = flags.allow_not_exist ? `,"not_exist":[${[...sorted.unknown, ...sorted.corrupted].join()}]` : '';
  answer.appendAscii(`}${blocked}${unknown}}`);
  return answer;
}

interface Flags {
  readonly list_blocked: boolean;
  readonly allow_not_exist: boolean;
}

interface Writing extends Flags {
  readonly pacer: Pacer;
}

/** Trackers by what becomes of them. */
interface Sorted {
  readonly open: TrackerView[];
  readonly blocked: number[];
  readonly corrupted: number[];
  readonly unknown: number[];
}

/** Nobody asked for a blocked tracker here by its id, so it is left out and no error. */
function sortAll(context: CallContext): Sorted {
  const sorted: Sorted = { open: [], blocked: [], corrupted: [], unknown: [] };
  for (const view of visibleTrackers(context)) file(sorted, view.tracker.id, view);
  return sorted;
}

function sortAsked(context: CallContext, trackerIds: readonly number[]): Sorted {
  const sorted: Sorted = { open: [], blocked: [], corrupted: [], unknown: [] };
  for (const id of new Set(trackerIds)) file(sorted, id, viewOf(context, id));
  return sorted;
}

function file(sorted: Sorted, id: number, view: TrackerView | undefined): void {
  if (view === undefined) sorted.unknown.push(id);
  else if (view.source.corrupted === true) sorted.corrupted.push(id);
  else if (view.source.blocked) sorted.blocked.push(id);
  else sorted.open.push(view);
}

/** Throws codes 217, 201 and 208, in this order. */
function refuseWhatIsNotAllowed(sorted: Sorted, allowed: Flags): void {
  if (!allowed.allow_not_exist && sorted.unknown.length > 0) throw new NavixyError(217);
  if (!allowed.allow_not_exist && sorted.corrupted.length > 0) throw new NavixyError(201);
  if (!allowed.list_blocked && sorted.blocked.length > 0) throw new NavixyError(208);
}

const getLastGpsPoint = defineCall({
  name: 'tracker/get_last_gps_point',
  summary: 'Last fix of the receiver; null before the first',
  params: Type.Object({ tracker_id: trackerId }),
  response: { value: nullable(gpsPointSchema) },
  errors: [201, 208],
  handler: (context, params) => ({ value: lastGpsPoint(requireOpenTracker(context, params.tracker_id), context) }),
});

/** Positions made of cells do not count. */
function lastGpsPoint({ state }: TrackerView, context: CallContext) {
  if (state === undefined) return null;
  const { fixAt: at, lat, lng, headingDeg, speedKmh, satellites } = state;
  const current = lat === null || lng === null ? null : { at, lat, lng, headingDeg, speedKmh, satellites };
  const point = state.positionFromCells ? state.lastGpsPoint : current;
  if (point === null) return null;
  const precision = state.positionFromCells ? 0 : precisionOf(state, planOf(state.fields));
  return {
    get_time: context.dates.format(point.at),
    heading: Math.round(point.headingDeg),
    lat: point.lat,
    lng: point.lng,
    satellites: Math.max(0, point.satellites),
    speed: Math.round(point.speedKmh),
    ...(precision === 0 ? {} : { precision }),
  };
}

export const trackerStateCalls = [getState, getStates, getLastGpsPoint] as const;

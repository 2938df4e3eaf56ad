/**
 * What devices have sent, record by record: `dwh/v1/tracker/raw_data/get_inputs`, `dwh/v1/tracker/raw_data/read`. Boxes that a tracker had
 * before are part of it.
 */
import { Type } from '@sinclair/typebox';
import { families, memberNumber } from '../../../domain/fields.js';
import type { History } from '../../../store/history-records.js';
import type { TrackerRow } from '../../../store/rows.js';
import { type CallContext, defineCall } from '../call.js';
import { dateParam, requireSpan, type Span } from '../date-params.js';
import { dateFormat } from '../dates.js';
import { NavixyError, type Violation } from '../errors.js';
import { oneOf, trackerId, withDefault } from '../param-types.js';
import { columnsOf, isColumn, type KnownField, keysOf } from '../raw-data/columns.js';
import { csvOf } from '../raw-data/csv.js';
import { type GivenSpan, intervalParam, resolved, spanParam } from '../raw-data/intervals.js';
import { StreamedAnswer } from '../streamed-answer.js';
import { requireOpenTracker } from '../visibility.js';

const getInputs = defineCall({
  name: 'dwh/v1/tracker/raw_data/get_inputs',
  summary: 'What raw data of a tracker have columns for; of numbered names only the highest',
  params: Type.Object({ tracker_id: trackerId }),
  response: {
    discrete_inputs: Type.Integer({ description: 'Highest number of a digital input' }),
    discrete_outputs: Type.Integer(),
    inputs: Type.Array(Type.String()),
    states: Type.Array(Type.String()),
  },
  errors: [201, 208],
  handler: (context, { tracker_id }) => {
    const { tracker, model } = requireOpenTracker(context, tracker_id);
    const known = knownFields(context, tracker);
    return {
      discrete_inputs: Math.max(model?.digital_inputs ?? 0, ...keysOf('discrete_inputs', known).map(Number)),
      discrete_outputs: Math.max(model?.digital_outputs ?? 0, ...keysOf('discrete_outputs', known).map(Number)),
      inputs: highest(keysOf('inputs', known)),
      states: highest(keysOf('states', known)),
    };
  },
});

/** Families with more members than this number what the protocol numbers, and are not counted through. */
const countedMembers = 128;

/** Of the members of a family only the last; everything in the order of the alphabet. */
function highest(names: readonly string[]): string[] {
  const last = new Map<string, string>();
  for (const name of names) {
    const family = familyOf(name);
    const other = last.get(family);
    const isHigher = other === undefined || memberNumber(name, family) > memberNumber(other, family);
    if (isHigher) last.set(family, name);
  }
  return [...last.values()].sort();
}

/** The family of a member; any other name is one of its own. */
function familyOf(name: string): string {
  const family = name.replace(/_\d+$/, '');
  const members = Object.hasOwn(families, family) ? families[family]?.members : undefined;
  return members !== undefined && members <= countedMembers && memberNumber(name, family) > 0 ? family : name;
}

/** What the boxes of a tracker have ever reported. */
function knownFields({ services }: CallContext, tracker: TrackerRow): KnownField[] {
  const known: KnownField[] = [];
  for (const sourceId of sourcesOf(tracker)) {
    const fields = services.store.stateOf(sourceId)?.fields;
    for (let slot = 0; fields !== undefined && slot < fields.size; slot++) {
      known.push({ name: fields.names[slot] as string, value: fields.valueAt(slot) });
    }
  }
  return known;
}

function sourcesOf({ sourceId, formerSourceIds = [] }: TrackerRow): readonly number[] {
  return [...formerSourceIds, sourceId];
}

const maxColumns = 500;

const read = defineCall({
  name: 'dwh/v1/tracker/raw_data/read',
  summary: 'Records of a tracker by their times, as CSV',
  mediaType: 'text/csv',
  params: Type.Object({
    tracker_id: trackerId,
    from: Type.Optional(dateParam('First moment')),
    to: Type.Optional(dateParam('Last moment')),
    interval: Type.Optional(intervalParam),
    columns: Type.Array(Type.String({ minLength: 1, maxLength: 128 }), {
      minItems: 1,
      maxItems: maxColumns,
      description:
        '`lat`, `inputs.analog_1`, `inputs.*` for each there is, `inputs` for all in one; `msg_time` is always the first',
    }),
    server_time_filter: Type.Optional(spanParam),
    format: withDefault(oneOf(['csv']), 'csv'),
    iso_datetime: withDefault(Type.Boolean({ description: 'Dates as ISO 8601' }), true),
  }),
  response: {},
  errors: [201, 208, 211],
  examine: ({ from, to, interval, columns = [] }) => [
    ...(interval === undefined ? missing({ from, to }) : []),
    ...unknownColumns(columns),
  ],
  handler: async (context, wanted) => {
    const { tracker } = requireOpenTracker(context, wanted.tracker_id);
    const span = spanOf(context, wanted);
    const receipt = receiptOf(context, wanted.server_time_filter);
    const columns = columnsOf(wanted.columns, knownFields(context, tracker));
    const query = { sourceIds: sourcesOf(tracker), ...span, ...receipt, accountId: context.user.accountId };
    const records = await begin(context.services.history, query);
    const dates = dateFormat(context.user.timeZone, wanted.iso_datetime);
    const chunks = csvOf(records, columns, dates);
    return new StreamedAnswer({ mediaType: 'text/csv', chunks, close: () => records.close() });
  },
});

function missing(given: Readonly<Record<string, string | undefined>>): Violation[] {
  return Object.entries(given).flatMap(([parameter, value]) =>
    value === undefined ? [{ parameter, error: 'must not be null' }] : [],
  );
}

function unknownColumns(columns: readonly string[]): Violation[] {
  const isGood = columns.every(isColumn);
  return isGood ? [] : [{ parameter: 'columns', error: 'must be known columns' }];
}

interface GivenSpans {
  readonly from?: string;
  readonly to?: string;
  readonly interval?: string;
}

/** An interval goes before two dates. Throws code 7 when the end comes before the beginning. */
function spanOf(context: CallContext, { from = '', to = '', interval }: GivenSpans): Span {
  const span = interval === undefined ? undefined : resolved({ interval }, context.dates.zoneName);
  return span ?? requireSpan(context, { from, to });
}

function receiptOf({ dates }: CallContext, given: GivenSpan | undefined) {
  const span = given === undefined ? undefined : resolved(given, dates.zoneName);
  return {
    receivedFromMs: span?.fromMs ?? Number.NEGATIVE_INFINITY,
    receivedToMs: span?.toMs ?? Number.POSITIVE_INFINITY,
  };
}

/** Throws code 15 while the account reads enough already, and 211 when it would be too much. */
async function begin(history: History, query: Parameters<History['inOrder']>[0]) {
  const records = await history.inOrder(query);
  if (records === 'busy') throw new NavixyError(15);
  if (records === 'too_many') throw new NavixyError(211);
  return records;
}

export const rawDataCalls = [getInputs] as const;
/** Answers that are no JSON. */
export const rawDataStreams = [read] as const;

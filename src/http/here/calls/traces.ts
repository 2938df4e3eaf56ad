/**
 * Traces: what a device reported since it was claimed, oldest first, a page at a time, and deleting it.
 * Source: HERE Tracking, Traces API 2.6.
 */
import { createHash } from 'node:crypto';
import { Type } from '@sinclair/typebox';
import { type Telemetry, telemetryFrom } from '../../../domain/telemetry.js';
import { fieldValue } from '../../../domain/update.js';
import type { ClaimRow } from '../../../store/claims/rows.js';
import type { KeptRecord } from '../../../store/history-records.js';
import { answer, defineCall, type HereServices, noContent } from '../call.js';
import { pageOf } from '../pages.js';
import { appIdQuery, optionalAppId, pageProperties } from '../params.js';
import { requireClaim } from '../projects.js';
import { unknownAccuracyM } from '../shadow.js';
import { trackingParams } from './shadows.js';

const lastMs = 4_102_448_400_000;
const time = (description: string) => Type.Optional(Type.Integer({ minimum: 0, maximum: lastMs, description }));

const tracesQuery = Type.Object({
  appId: optionalAppId,
  after: time('Only what was reported after this time, ms since 1970 UTC'),
  before: time('Only what was reported before this time, ms since 1970 UTC'),
  count: Type.Integer({ minimum: 1, maximum: 1000, default: 1000, description: 'Most items' }),
  pageToken: pageProperties.pageToken,
});

const read = defineCall({
  method: 'GET',
  paths: ['/traces/v2/:trackingId'],
  summary: 'What the device reported, oldest first',
  holders: ['user', 'client'],
  params: trackingParams,
  query: tracesQuery,
  answers: {
    200: Type.Object({
      count: Type.Integer(),
      data: Type.Array(Type.Record(Type.String(), Type.Unknown())),
      pageToken: Type.Optional(Type.String()),
    }),
  },
  errors: [403, 404],
  handler: async (context, { params, query }) => {
    const claim = requireClaim(context, params.trackingId, query.appId);
    const { turns, store } = context.services;
    const { accountId = 0 } = store.registry.get('project', claim.projectId) ?? {};
    const page = await turns.take(accountId, () => traces(context.services, claim, query));
    // It may have been given up while the journal was being read.
    requireClaim(context, claim.id);
    const data = page.items.map(({ item }) => item);
    return answer(200, { count: data.length, data, pageToken: page.pageToken });
  },
});

interface TracesQuery {
  readonly after?: number;
  readonly before?: number;
  readonly count: number;
  readonly pageToken?: string;
}

interface Trace {
  readonly at: number;
  /** Tells records of one time apart: the same content is the same record. */
  readonly id: string;
  readonly item: Telemetry;
}

async function traces({ history }: Pick<HereServices, 'history'>, claim: ClaimRow, query: TracesQuery) {
  const { after = -1, before = lastMs + 1, count } = query;
  const span = { sourceIds: [claim.sourceId], fromMs: after + 1, toMs: before - 1 };
  const collected = new Map<string, Trace>();
  for await (const record of history.records(span)) {
    if (record.receivedAt <= (claim.tracesAfter ?? 0)) continue;
    const trace = traceOf(record);
    collected.set(`${trace.at} ${trace.id}`, trace);
    if (collected.size > 4 * count) keepFirst(collected, query);
  }
  return pageOf(collected.values(), keyOf, query);
}

/** However long the history is, a page and the one item that tells of another are all that is needed of it. */
function keepFirst(collected: Map<string, Trace>, query: TracesQuery): void {
  const { items } = pageOf(collected.values(), keyOf, { ...query, count: query.count + 1 });
  collected.clear();
  for (const trace of items) collected.set(`${trace.at} ${trace.id}`, trace);
}

function keyOf({ at, id }: Trace) {
  return { at, id };
}

function traceOf({ at, update }: KeptRecord): Trace {
  const item = telemetryFrom({
    at,
    position: update.position?.valid === true ? update.position : null,
    accuracyM: unknownAccuracyM,
    value: (field) => fieldValue(update, field),
  });
  const id = createHash('sha256').update(JSON.stringify(item)).digest('base64url').slice(0, 12);
  return { at, id, item };
}

const clear = defineCall({
  method: 'DELETE',
  paths: ['/traces/v2/:trackingId'],
  summary: 'Deletes what was reported so far: out of sight at once, and erased with the next snapshot',
  holders: ['user', 'client'],
  params: trackingParams,
  query: appIdQuery,
  answers: { 204: undefined },
  errors: [403, 404],
  handler: async (context, { params, query }) => {
    await context.services.store.change((tx) => {
      const claim = requireClaim(context, params.trackingId, query.appId);
      tx.put('claim', { ...claim, tracesAfter: tx.at });
    });
    return noContent;
  },
});

export const traceCalls = [read, clear];

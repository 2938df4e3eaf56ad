/**
 * Telemetry over HTTP. It goes the way of every record: into the journal as it came, into the state when the commit that holds it is on
 * disk, and only then it is answered.
 * Source: HERE Tracking, Ingestion API 2.6.
 */
import { Type } from '@sinclair/typebox';
import { ownRecords } from '../../../domain/ownership.js';
import { type Telemetry, updateFrom } from '../../../domain/telemetry.js';
import { httpProtocol, openClaim } from '../../../store/claims/claims.js';
import type { ClaimRow } from '../../../store/claims/rows.js';
import { encodeContext } from '../../../store/entries.js';
import { refuseBlocked } from '../blocks.js';
import { answer, defineCall, type HereAnswer, type HereContext, noContent } from '../call.js';
import { badRequest, HereError, notFound } from '../errors.js';
import { optionalAppId } from '../params.js';
import { type Caller, isTheirs } from '../projects.js';
import { rawBodyOf } from '../raw-body.js';
import { desiredBody } from '../shadow.js';
import { checkedTelemetry, namedTelemetrySchema, telemetrySchema } from '../telemetry-schema.js';

const asyncQuery = Type.Object({
  async: Type.Boolean({ default: false, description: 'Answer 204 instead of what is wanted of the device' }),
});
const desired = Type.Record(Type.String(), Type.Unknown(), { description: 'What is wanted of the device' });

const fromDevice = defineCall({
  method: 'POST',
  paths: ['/v2/', '/device-http/v2'],
  summary: 'Takes telemetry of the device that sends it',
  holders: ['device'],
  query: asyncQuery,
  body: Type.Array(telemetrySchema),
  answers: { 200: desired, 204: undefined },
  errors: [403, 413],
  handler: async (context, { query, body }) => {
    const { holder, services } = context;
    const telemetry = checkedTelemetry(body, latestOf(context));
    await keep(context, [{ claim: holder.claim, telemetry, raw: rawBodyOf(body) }], '/v2/');
    return query.async ? noContent : answer(200, desiredBody(services.store.registry, holder.claim));
  },
});

const fromAnybody = defineCall({
  method: 'POST',
  paths: ['/v3/'],
  summary: 'Takes telemetry of one device, from itself or from its owner',
  holders: ['device', 'user', 'client'],
  query: asyncQuery,
  body: Type.Object({
    id: Type.Optional(namedTelemetrySchema.properties.id),
    appId: optionalAppId,
    data: Type.Array(telemetrySchema),
  }),
  answers: { 200: desired, 204: undefined },
  errors: [403, 404, 413],
  handler: async (context, { query, body }): Promise<HereAnswer> => {
    const telemetry = checkedTelemetry(body.data, latestOf(context));
    const claim = claimOf(context, body.id, body.appId);
    await keep(context, [{ claim, telemetry, raw: rawBodyOf(body) }], '/v3/');
    return query.async ? noContent : answer(200, desiredBody(context.services.store.registry, claim));
  },
});

const batch = defineCall({
  method: 'POST',
  paths: ['/v3/batch'],
  summary: 'Takes telemetry of many devices of one owner: all of it or none',
  holders: ['user', 'client'],
  body: Type.Object({ appId: optionalAppId, data: Type.Array(namedTelemetrySchema) }),
  answers: { 204: undefined },
  errors: [403, 404, 413],
  handler: async (context, { body }) => {
    const byClaim = new Map<ClaimRow, Telemetry[]>();
    checkedTelemetry(body.data, latestOf(context)).forEach((telemetry, i) => {
      const claim = claimOf(context, body.data[i]?.id, body.appId);
      const list = byClaim.get(claim);
      if (list === undefined) byClaim.set(claim, [telemetry]);
      else list.push(telemetry);
    });
    // Each device keeps only what is its own.
    const parts = [...byClaim].map(([claim, telemetry]) => ({ claim, telemetry, raw: JSON.stringify(telemetry) }));
    await keep(context, parts, '/v3/batch');
    return noContent;
  },
});

function latestOf({ now, services }: Pick<HereContext, 'now' | 'services'>): number {
  return now + services.telemetryToleranceMs;
}

/** The claim that telemetry is for: of this name, or else the device's own. Throws 400 and 404. */
function claimOf(caller: Caller, id: string | undefined, appId: string | undefined): ClaimRow {
  const { holder, services } = caller;
  if (id === undefined && holder.kind === 'device') return holder.claim;
  if (id === undefined) throw badRequest('body id: needed from whoever is no device.');
  const claim = openClaim(services.store.registry, id, appId);
  if (claim === undefined || !isTheirs(caller, claim)) throw notFound('There is no such device.');
  return claim;
}

/** Telemetry of one device, as it came. */
interface Part {
  readonly claim: ClaimRow;
  readonly telemetry: readonly Telemetry[];
  readonly raw: string;
}

/** Resolves when everything is on disk. Throws 403 for a blocked device, 503 when the disk is too far behind, and `StoreError`. */
async function keep({ services, now }: Pick<HereContext, 'services' | 'now'>, parts: readonly Part[], path: string) {
  if (services.store.isFull) throw new HereError(503, 'The disk is too far behind.');
  for (const { claim } of parts) refuseBlocked(services, claim);
  await Promise.all(parts.map((part) => keepPart(services, part, path, now)));
}

function keepPart(services: HereContext['services'], part: Part, path: string, receivedAt: number): Promise<void> {
  const { store, metrics } = services;
  const { sourceId, deviceId } = part.claim;
  const source = store.registry.get('source', sourceId);
  const { notBefore } = source ?? {};
  const all = part.telemetry.map((telemetry) => updateFrom(telemetry, notBefore));
  const updates = ownRecords(all, receivedAt, notBefore);
  const counters = metrics.of(httpProtocol);
  counters.frames++;
  counters.records += all.length;
  counters.receivedBytes += part.raw.length;
  if (updates.length < all.length) metrics.dropped(httpProtocol, 'previous_owner', all.length - updates.length);
  const unit = store.units.ensure(sourceId);
  store.heard(unit, receivedAt);
  if (updates.length === 0) return Promise.resolve();
  const context = encodeContext({
    ...{ protocol: httpProtocol, transport: 'tcp', deviceId, model: source?.model ?? '', session: path },
    ...(notBefore === undefined ? {} : { notBefore }),
  });
  const frame = { sourceId, receivedAt, context, bytes: Buffer.from(part.raw) };
  return new Promise((resolve, reject) => {
    const waiter = { settled: (_: number, error?: Error) => (error === undefined ? resolve() : reject(error)) };
    store.accept({ unit, protocol: httpProtocol, frame, updates, waiter });
  });
}

export const ingestionCalls = [fromDevice, fromAnybody, batch];

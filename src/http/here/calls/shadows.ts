/**
 * Shadows: reading what a device reported and what is wanted of it, changing the latter, clearing either.
 * Source: HERE Tracking, Shadows API 2.6.
 */
import { isDeepStrictEqual } from 'node:util';
import { Type } from '@sinclair/typebox';
import type { ShadowRow } from '../../../store/claims/rows.js';
import { answer, defineCall, noContent } from '../call.js';
import { HereError } from '../errors.js';
import { appIdQuery, name, optionalAppId } from '../params.js';
import { requireClaim } from '../projects.js';
import { desiredBody, newShadow, reportedBody } from '../shadow.js';

export const trackingParams = Type.Object({
  trackingId: name('Tracking id, or with `appId` the external id of a virtual device'),
});
const anything = Type.Record(Type.String(), Type.Unknown());
const both = Type.Object({ reported: anything, desired: anything });
/** By the length that the request tells. */
const shadowMaxBytes = 1000;

const read = defineCall({
  method: 'GET',
  paths: ['/shadows/v2/:trackingId'],
  summary: 'What the device last reported, and what is wanted of it',
  holders: ['user', 'client'],
  params: trackingParams,
  query: appIdQuery,
  answers: { 200: both },
  errors: [403, 404],
  handler: (context, { params, query }) => {
    const claim = requireClaim(context, params.trackingId, query.appId);
    const { services } = context;
    const desired = desiredBody(services.store.registry, claim);
    return answer(200, { reported: reportedBody(services, claim), desired });
  },
});

const readHalf = defineCall({
  method: 'GET',
  paths: ['/shadows/v2/:trackingId/:state'],
  summary: 'One half of the shadow',
  holders: ['user', 'client'],
  params: Type.Object({
    ...trackingParams.properties,
    state: Type.Union([Type.Literal('reported'), Type.Literal('desired')]),
  }),
  query: appIdQuery,
  answers: { 200: anything },
  errors: [403, 404],
  handler: (context, { params, query }) => {
    const claim = requireClaim(context, params.trackingId, query.appId);
    const { services } = context;
    const isReported = params.state === 'reported';
    return answer(200, isReported ? reportedBody(services, claim) : desiredBody(services.store.registry, claim));
  },
});

const atLeastZero = Type.Optional(Type.Number({ minimum: 0 }));
const desiredSchema = Type.Object({
  payload: Type.Optional(anything),
  system: Type.Optional(
    Type.Object({
      rate: Type.Optional(Type.Object({ sampleMs: atLeastZero, sendMs: atLeastZero, distanceM: atLeastZero })),
      detectOutliers: Type.Optional(Type.Boolean()),
      disableTracking: Type.Optional(Type.Boolean()),
      syncGeofences: Type.Optional(Type.Boolean()),
      sensorLoggingEnabled: Type.Optional(Type.Boolean()),
      wlanConnectivityEnabled: Type.Optional(Type.Boolean()),
    }),
  ),
});

const write = defineCall({
  method: 'PUT',
  paths: ['/shadows/v2/:trackingId'],
  summary: 'Says what is wanted of the device; what is not named stays as it is',
  holders: ['user', 'client'],
  params: trackingParams,
  query: appIdQuery,
  body: Type.Object({ desired: desiredSchema }),
  bodyLimit: shadowMaxBytes,
  answers: { 200: Type.Object({ desired: anything }) },
  errors: [403, 404, 413],
  handler: async (context, { params, query, body }) => {
    const { store } = context.services;
    const claim = await store.change((tx) => {
      const found = requireClaim(context, params.trackingId, query.appId);
      const old = tx.registry.get('shadow', found.id) ?? newShadow(found);
      const { payload = old.payload } = body.desired;
      const system = withSettings(old, body.desired.system);
      // The device looks again at a version that it has not seen: what is said twice is none.
      if (isDeepStrictEqual([payload, system], [old.payload, old.system])) return found;
      const stateVersion = old.stateVersion + 1;
      tx.put('shadow', { ...old, ...(payload === undefined ? {} : { payload }), stateVersion, system });
      return found;
    });
    return answer(200, { desired: desiredBody(store.registry, claim) });
  },
});

/** Names in all: nobody fills the gateway with settings of a thousand names. */
const maxSettings = 64;

/** The version and the times of geofences are the server's affair. Throws 413. */
function withSettings(old: ShadowRow, wanted: object = {}): ShadowRow['system'] {
  const system = Object.fromEntries(
    Object.entries({ ...old.system, ...wanted }).filter(([key]) => !serverKeys.has(key)),
  );
  if (Object.keys(system).length > maxSettings) throw new HereError(413, `At most ${maxSettings} settings.`);
  return system;
}

const serverKeys = new Set(['stateVersion', 'lastModifiedGeofenceTimestamp']);

const clear = defineCall({
  method: 'DELETE',
  paths: ['/shadows/v2/:trackingId'],
  summary: 'Clears the shadow, or one half of it',
  holders: ['user', 'client'],
  params: trackingParams,
  query: Type.Object({
    appId: optionalAppId,
    desired: Type.Boolean({ default: true, description: 'false keeps what is wanted' }),
    reported: Type.Boolean({ default: true, description: 'false keeps what was reported' }),
  }),
  answers: { 204: undefined },
  errors: [403, 404],
  handler: async (context, { params, query }) => {
    const { store } = context.services;
    await store.change((tx) => {
      const claim = requireClaim(context, params.trackingId, query.appId);
      const old = tx.registry.get('shadow', claim.id) ?? newShadow(claim);
      const { payload: _payload, ...rest } = old;
      const wanted = query.desired ? { ...rest, system: {}, stateVersion: old.stateVersion + 1 } : old;
      const reportedAfter = query.reported ? store.stateOf(claim.sourceId)?.recordAt : old.reportedAfter;
      tx.put('shadow', { ...wanted, ...(reportedAfter === undefined ? {} : { reportedAfter }) });
    });
    return noContent;
  },
});

export const shadowCalls = [read, readHalf, write, clear];

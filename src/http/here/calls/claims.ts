/**
 * Claiming devices and giving them up, looking them up, and ending their licence for good.
 * Source: HERE Tracking, Registry API 2.6, "Claims a device".
 */
import { Type } from '@sinclair/typebox';
import { activeLicence, type ClaimRefusal, claimDevice, unclaim } from '../../../store/claims/claims.js';
import { deactivateDevice } from '../../../store/claims/provisioning.js';
import type { DeviceLicenceRow } from '../../../store/claims/rows.js';
import { answer, defineCall, noContent } from '../call.js';
import { badRequest, forbidden, HereError, type HereStatus, notFound } from '../errors.js';
import { appIdQuery, name, optionalAppId, optionalProjectId, ownerAppId } from '../params.js';
import { type Caller, isTheirs, projectsOf, requireClaim, requireProject } from '../projects.js';

const deviceParams = Type.Object({
  deviceOrExternalId: name('Device id, or with `appId` the external id of a virtual device'),
});
const claimParams = Type.Object({
  trackingId: name('Tracking id, or with `appId` the external id of a virtual device'),
});
const trackingIdBody = Type.Object({ trackingId: name('Tracking id') }, { additionalProperties: false });

const refusals: Readonly<Record<ClaimRefusal, readonly [HereStatus, string]>> = {
  licence_expired: [403, 'The licence of the project has expired.'],
  not_provisioned: [404, 'Device is not provisioned.'],
  claimed_elsewhere: [409, 'Device is already claimed.'],
  quota: [403, 'The licence of the project allows no more devices.'],
  device_limit: [403, 'The account of the project may have no more devices.'],
};

const claim = defineCall({
  method: 'PUT',
  paths: ['/registry/v2/devices/:deviceOrExternalId'],
  summary: 'Claims a device: 201 when it is new, 200 when the project has claimed it already',
  holders: ['user', 'client'],
  params: deviceParams,
  query: Type.Object({ appId: optionalAppId, projectId: optionalProjectId }),
  body: Type.Optional(Type.Object({ ownerAppId: Type.Optional(ownerAppId) })),
  answers: { 201: trackingIdBody, 200: trackingIdBody },
  errors: [403, 404, 409],
  handler: async (context, { params, query, body }) => {
    const { holder, services } = context;
    const claimedBy = holder.kind === 'user' ? holder.user.id : undefined;
    const outcome = await services.store.change((tx) =>
      claimDevice(tx, {
        name: params.deviceOrExternalId,
        appId: query.appId,
        project: requireProject(context, { projectId: query.projectId, ownerAppId: body?.ownerAppId }),
        claimedBy,
        ownerAppId: body?.ownerAppId,
      }),
    );
    if (!outcome.ok) throw new HereError(...refusals[outcome.reason]);
    return answer(outcome.isNew ? 201 : 200, { trackingId: outcome.claim.id });
  },
});

const giveUp = defineCall({
  method: 'DELETE',
  paths: ['/registry/v2/:trackingId'],
  summary: 'Gives a device up: its data is out of reach at once, erased some time later, and anybody may claim it',
  holders: ['user', 'client'],
  params: claimParams,
  query: appIdQuery,
  answers: { 204: undefined },
  errors: [403, 404],
  handler: async (context, { params, query }) => {
    const { services } = context;
    const ended = await services.store.change((tx) => {
      const row = requireClaim(context, params.trackingId, query.appId);
      unclaim(tx, row);
      return row;
    });
    services.live.disconnect(ended.sourceId, 'unclaimed_unit');
    return noContent;
  },
});

const trackingIdOf = defineCall({
  method: 'GET',
  paths: ['/registry/v2/devices/:deviceOrExternalId'],
  summary: 'The tracking id of a device',
  holders: ['user', 'client', 'device'],
  params: deviceParams,
  query: appIdQuery,
  answers: { 200: trackingIdBody },
  errors: [403, 404],
  handler: (context, { params, query }) => {
    const { registry } = context.services.store;
    const licence = activeLicence(registry, params.deviceOrExternalId, query.appId);
    const { holder } = context;
    if (holder.kind === 'device' && holder.claim.deviceId !== licence?.id)
      throw forbidden('A device may only ask for itself.');
    const found = licence === undefined ? undefined : registry.claims.openClaimOf(licence.id);
    if (found === undefined || !isTheirs(context, found)) throw notFound('There is no such device.');
    return answer(200, { trackingId: found.id });
  },
});

const deviceIdOf = defineCall({
  method: 'GET',
  paths: ['/registry/v2/:trackingId'],
  summary: 'The device id behind a tracking id',
  holders: ['user', 'client'],
  params: claimParams,
  query: appIdQuery,
  answers: { 200: Type.Object({ deviceId: name('Device id') }) },
  errors: [403, 404],
  handler: (context, { params, query }) =>
    answer(200, { deviceId: requireClaim(context, params.trackingId, query.appId).deviceId }),
});

const deactivate = defineCall({
  method: 'DELETE',
  paths: ['/registry/v2/devices/:deviceOrExternalId'],
  summary: 'Ends the licence of a device for good; it has to be given up first',
  holders: ['user', 'client'],
  params: deviceParams,
  query: appIdQuery,
  answers: { 204: undefined },
  errors: [403, 404],
  handler: async (context, { params, query }) => {
    await context.services.store.change((tx) => {
      const licence = activeLicence(tx.registry, params.deviceOrExternalId, query.appId);
      if (licence === undefined) throw notFound('Device is not provisioned.');
      requireVendor(context, licence);
      if (!deactivateDevice(tx, licence).ok) throw badRequest('The device is claimed.');
    });
    return noContent;
  },
});

/** Throws 403. */
function requireVendor(context: Caller, { projectId }: DeviceLicenceRow): void {
  if (projectsOf(context).some(({ id }) => id === projectId)) return;
  throw forbidden('The device was provisioned by another project.');
}

export const claimCalls = [claim, trackingIdOf, deactivate, deviceIdOf, giveUp];

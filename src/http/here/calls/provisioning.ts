/**
 * Provisioning devices, one or many at a time, and what a project has of them. Many devices are made at once and told in two steps all the
 * same: the job that a client asks for is done before it asks.
 * Source: HERE Tracking, Registry API 2.6, "one-device", "devices", "status", "results", "licenseCount", "licenses".
 */
import { randomUUID } from 'node:crypto';
import { type Static, Type } from '@sinclair/typebox';
import { claimDevice, isVirtual } from '../../../store/claims/claims.js';
import { isExpired, provisioningLeft } from '../../../store/claims/licences.js';
import { newDeviceSecret, type ProvisioningRefusal, provisionDevice } from '../../../store/claims/provisioning.js';
import type { DeviceLicenceRow, ProjectRow, ProvisionJobRow } from '../../../store/claims/rows.js';
import type { Transaction } from '../../../store/contract.js';
import { answer, defineCall, type HereServices } from '../call.js';
import { badRequest, errorBody, forbidden, HereError, type HereStatus, hereErrorSchema, notFound } from '../errors.js';
import { pageOf } from '../pages.js';
import { appIdPath, name, pageProperties, uuidV4 } from '../params.js';
import { type Caller, hrnOf, projectsOf, requireApp } from '../projects.js';

const jobLifetimeMs = 86_400_000;
/** Most devices an evaluation licence may ask for at a time. */
const evaluationBatch = 10;

const appParams = Type.Object({ appId: appIdPath });
const jobParams = Type.Object({ jobId: Type.String({ minLength: 1, description: 'UUID; good for 24 hours' }) });
const autoclaimQuery = Type.Object({
  autoclaim: Type.Boolean({ default: false, description: 'Claim what is made for the project at once' }),
});
const trackingId = Type.Optional(name('Tracking id, where it was claimed'));
const deviceSecret = Type.Optional(Type.String({ description: 'For logins over HTTP; physical devices only' }));

const refusals: Readonly<Record<ProvisioningRefusal, readonly [HereStatus, string]>> = {
  licence_expired: [403, 'The licence of the project has expired.'],
  quota: [403, 'The licence of the project allows no more devices.'],
  device_id_in_use: [409, 'There is a device of this id.'],
  external_id_in_use: [409, 'There is a device of this external id.'],
};

const oneDevice = defineCall({
  method: 'POST',
  paths: ['/registry/v2/:appId/one-device'],
  summary: 'Provisions a physical device; the server makes its id and secret',
  holders: ['user', 'client'],
  params: appParams,
  query: autoclaimQuery,
  answers: { 201: Type.Object({ deviceId: name('Device id'), deviceSecret, trackingId }) },
  errors: [403, 404],
  handler: async (context, { params, query }) => {
    const { store } = context.services;
    const secret = newDeviceSecret();
    const sealed = store.secrets.seal(secret);
    const made = await store.change((tx) => {
      const project = requireApp(context, params.appId);
      const { id } = madeDevice(tx, { project, secret: sealed });
      return { deviceId: id, ...(query.autoclaim ? claimed(tx, context, project, id) : {}) };
    });
    return answer(201, { ...made, deviceSecret: secret });
  },
});

/** Throws 403 and 409. */
function madeDevice(tx: Transaction, wanted: Parameters<typeof provisionDevice>[1]): DeviceLicenceRow {
  const outcome = provisionDevice(tx, wanted);
  if (!outcome.ok) throw new HereError(...refusals[outcome.reason]);
  return outcome.licence;
}

/** Throws 403. */
function claimed(tx: Transaction, { holder }: Caller, project: ProjectRow, deviceId: string): { trackingId: string } {
  const claimedBy = holder.kind === 'user' ? holder.user.id : undefined;
  const outcome = claimDevice(tx, { name: deviceId, project, claimedBy });
  if (!outcome.ok) throw forbidden('The project or its account may own no more devices.');
  return { trackingId: outcome.claim.id };
}

const batchBody = Type.Object({
  count: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, description: 'That many physical devices' })),
  devices: Type.Optional(
    Type.Array(Type.Object({ id: name('External id') }), {
      minItems: 1,
      maxItems: 100,
      description: 'Virtual devices of these external ids; instead of `count`',
    }),
  ),
});

const manyDevices = defineCall({
  method: 'POST',
  paths: ['/registry/v2/:appId/devices'],
  summary: 'Provisions devices; what came of it is asked for by the job id',
  holders: ['user', 'client'],
  params: appParams,
  query: autoclaimQuery,
  body: batchBody,
  answers: { 202: Type.Object({ jobId: Type.String({ format: 'uuid' }) }) },
  errors: [403, 404],
  handler: async (context, { params, query, body }) => {
    if ((body.count === undefined) === (body.devices === undefined)) {
      throw badRequest('body: needs either count or devices.');
    }
    if (query.autoclaim && body.count !== undefined) throw badRequest('query autoclaim: only together with devices.');
    const { store } = context.services;
    const secrets = Array.from({ length: body.count ?? 0 }, () => store.secrets.seal(newDeviceSecret()));
    const jobId = randomUUID();
    await store.change((tx) => {
      const project = requireApp(context, params.appId);
      requireRoom(tx, project, secrets.length + newNames(tx, project, body.devices ?? []));
      forgetJobs(tx, project);
      const physical = secrets.map((secret) => ({ deviceId: madeDevice(tx, { project, secret }).id }));
      const virtual = virtualDevices(tx, context, { project, ...query, ids: (body.devices ?? []).map(({ id }) => id) });
      const { errors } = virtual;
      const results = [...physical, ...virtual.results];
      tx.put('provisionJob', { id: jobId, projectId: project.id, results, errors, createdAt: tx.at });
    });
    return answer(202, { jobId });
  },
});

/** How many of the external ids are none of a device of the project yet. */
function newNames(tx: Transaction, { appId }: ProjectRow, devices: readonly { readonly id: string }[]): number {
  const ids = [...new Set(devices.map(({ id }) => id))];
  return ids.filter((id) => tx.registry.claims.virtualDevice(appId, id) === undefined).length;
}

/** Throws 403 unless this many devices more may be made. */
function requireRoom(tx: Transaction, project: ProjectRow, count: number): void {
  if (isExpired(project, tx.at)) throw new HereError(...refusals.licence_expired);
  const left = provisioningLeft(tx.registry, project);
  if (left !== undefined && count > left) throw new HereError(...refusals.quota);
  if (project.licence.type === 'evaluation' && count > evaluationBatch) {
    throw forbidden(`An evaluation licence allows ${evaluationBatch} devices at a time.`);
  }
}

function forgetJobs(tx: Transaction, project: ProjectRow): void {
  for (const job of [...tx.registry.claims.jobsOf(project.id)]) {
    if (tx.at - job.createdAt >= jobLifetimeMs) tx.remove('provisionJob', job.id);
  }
}

interface WantedVirtuals {
  readonly project: ProjectRow;
  readonly autoclaim: boolean;
  readonly ids: readonly string[];
}

/** Those that cannot be made are told apart; the others are made all the same. */
function virtualDevices(tx: Transaction, caller: Caller, { project, autoclaim, ids }: WantedVirtuals) {
  const results: ProvisionJobRow['results'][number][] = [];
  const errors: ProvisionJobRow['errors'][number][] = [];
  for (const externalId of ids) {
    const outcome = provisionDevice(tx, { project, externalId });
    if (outcome.ok) {
      const { id } = outcome.licence;
      results.push({ deviceId: id, ...(autoclaim ? claimed(tx, caller, project, id) : {}) });
    } else {
      const [status, message] = refusals[outcome.reason];
      errors.push({ id: externalId, status, message });
    }
  }
  return { results, errors };
}

/** Throws 400 for what is no job id, 404 for an unknown one, 403 for one of another project. */
function requireJob(context: Caller & { readonly now: number }, jobId: string): ProvisionJobRow {
  if (!uuidV4.test(jobId)) throw badRequest('path jobId: a UUID is expected.');
  const job = context.services.store.registry.get('provisionJob', jobId.toLowerCase());
  if (job === undefined || context.now - job.createdAt >= jobLifetimeMs) throw notFound('There is no such job.');
  if (!projectsOf(context).some(({ id }) => id === job.projectId)) throw forbidden('The job is of another project.');
  return job;
}

const jobStatus = defineCall({
  method: 'GET',
  paths: ['/registry/v2/:jobId/status'],
  summary: 'How far a job is',
  holders: ['user', 'client'],
  params: jobParams,
  answers: {
    200: Type.Object({ status: Type.String({ description: 'started or complete' }), percent: Type.Integer() }),
  },
  errors: [403, 404],
  handler: (context, { params }) => {
    requireJob(context, params.jobId);
    return answer(200, { status: 'complete', percent: 100 });
  },
});

const resultSchema = Type.Object({
  deviceId: name('Device id'),
  deviceSecret,
  externalId: Type.Optional(name('External id of a virtual device')),
  trackingId,
});

const jobResults = defineCall({
  method: 'GET',
  paths: ['/registry/v2/:jobId/results'],
  summary: 'What came of a job',
  holders: ['user', 'client'],
  params: jobParams,
  query: Type.Object(pageProperties),
  answers: {
    200: Type.Object({
      data: Type.Array(resultSchema),
      count: Type.Integer(),
      pageToken: Type.Optional(Type.String()),
      errors: Type.Optional(Type.Array(Type.Object({ id: Type.String(), error: hereErrorSchema }))),
    }),
  },
  errors: [403, 404],
  handler: (context, { params, query }) => {
    const job = requireJob(context, params.jobId);
    const numbered = job.results.map((result, at) => ({ result, at }));
    const page = pageOf(numbered, ({ at, result }) => ({ at, id: result.deviceId }), query);
    const data = page.items.map(({ result }) => resultBody(context.services, result));
    const errors = job.errors.map(({ id, status, message }) => ({
      id,
      error: errorBody(new HereError(status as HereStatus, message), context.requestId),
    }));
    return answer(200, {
      ...{ data, count: data.length, pageToken: page.pageToken },
      ...(errors.length === 0 ? {} : { errors }),
    });
  },
});

function resultBody(
  { store }: HereServices,
  { deviceId, trackingId: claim }: ProvisionJobRow['results'][number],
): Static<typeof resultSchema> {
  const licence = store.registry.get('deviceLicence', deviceId);
  const { secret, externalId } = licence ?? {};
  return {
    deviceId,
    ...(secret === undefined ? {} : { deviceSecret: store.secrets.open(secret) }),
    ...(externalId === undefined ? {} : { externalId }),
    ...(claim === undefined ? {} : { trackingId: claim }),
  };
}

const provisioned = defineCall({
  method: 'GET',
  paths: ['/registry/v2/:appId/devices'],
  summary: 'Devices that the project has provisioned, in the order in which that was done',
  holders: ['user', 'client'],
  params: appParams,
  query: Type.Object(pageProperties),
  answers: {
    200: Type.Object({
      data: Type.Array(
        Type.Object({
          deviceId: name('Device id'),
          timestamp: Type.Integer({ description: 'When it was provisioned, ms since 1970 UTC' }),
          externalId: Type.Optional(name('External id of a virtual device')),
          appId: Type.Optional(Type.String()),
        }),
      ),
      count: Type.Integer(),
      pageToken: Type.Optional(Type.String()),
    }),
  },
  errors: [403, 404],
  handler: (context, { params, query }) => {
    const project = requireApp(context, params.appId);
    const licences = context.services.store.registry.claims.activeLicencesOf(project.id);
    const page = pageOf(licences, (row) => ({ at: row.provisionedAt, id: row.id }), query);
    const data = page.items.map((row) => ({
      ...{ deviceId: row.id, timestamp: row.provisionedAt },
      ...(isVirtual(row) ? { externalId: row.externalId, appId: row.appId } : {}),
    }));
    return answer(200, { data, count: data.length, pageToken: page.pageToken });
  },
});

const licenceCount = defineCall({
  method: 'GET',
  paths: ['/registry/v2/:appId/licenseCount'],
  summary: 'How many devices the project has provisioned, and when that last changed',
  holders: ['user', 'client'],
  params: appParams,
  answers: { 200: Type.Object({ count: Type.Integer(), updatedAt: Type.String({ format: 'date-time' }) }) },
  errors: [403, 404],
  handler: (context, { params }) => {
    const project = requireApp(context, params.appId);
    const { claims } = context.services.store.registry;
    const changes = claims.licencesOf(project.id).map((row) => row.deactivatedAt ?? row.provisionedAt);
    const changedAt = changes.reduce((latest, at) => Math.max(latest, at), project.createdAt);
    const count = claims.activeLicencesOf(project.id).length;
    return answer(200, { count, updatedAt: new Date(changedAt).toISOString() });
  },
});

const projectTypes = ['indoor', 'tracking', 'trackingAzure', 'lastmile'] as const;
/** What all projects here are. */
const projectType = 'tracking';

const licenceSchema = Type.Object({
  appId: Type.String(),
  projectId: Type.String(),
  projectName: Type.String(),
  projectDescription: Type.String(),
  projectHrn: Type.String({ pattern: '^hrn:here.*$' }),
  type: Type.String({ description: 'evaluation, commercial, platformApp or platform' }),
  expired: Type.Boolean(),
  expiryDate: Type.Optional(Type.String({ description: 'ISO 8601; absent where it never expires' })),
  features: Type.Array(Type.String()),
  realm: Type.String(),
  quota: Type.Optional(
    Type.Object({ provisioning: Type.Integer({ description: 'How many more devices may be provisioned' }) }),
  ),
});

const licences = defineCall({
  method: 'GET',
  paths: ['/registry/v2/licenses'],
  summary: "Licences of the caller's projects",
  holders: ['user', 'client'],
  query: Type.Object({
    startIndex: Type.Integer({ minimum: 0, default: 0 }),
    endIndex: Type.Integer({ minimum: 0, default: 100, description: 'Not included' }),
    projectIds: Type.Optional(Type.String({ description: 'Project ids, separated by commas' })),
    projectTypes: Type.Optional(Type.String({ description: `${projectTypes.join(', ')}; separated by commas` })),
  }),
  answers: {
    200: Type.Object({
      licenses: Type.Array(licenceSchema),
      start: Type.Integer(),
      end: Type.Integer(),
      total: Type.Integer(),
    }),
  },
  errors: [403],
  handler: (context, { query }) => {
    const types = query.projectTypes?.split(',') ?? [projectType];
    const unknown = types.find((type) => !(projectTypes as readonly string[]).includes(type));
    if (unknown !== undefined) throw badRequest(`query projectTypes: expected ${projectTypes.join(', ')}.`);
    if (query.endIndex < query.startIndex) throw badRequest('query endIndex: before startIndex.');
    const ids = query.projectIds?.split(',');
    const all = projectsOf(context).filter(({ id }) => types.includes(projectType) && (ids?.includes(id) ?? true));
    const page = all.slice(query.startIndex, query.endIndex);
    const licenses = page.map((project) => licenceBody(context.services, project, context.now));
    const end = query.startIndex + licenses.length;
    return answer(200, { licenses, start: query.startIndex, end, total: all.length });
  },
});

function licenceBody({ store }: HereServices, project: ProjectRow, now: number): Static<typeof licenceSchema> {
  const { type, expiresAt } = project.licence;
  const left = provisioningLeft(store.registry, project);
  return {
    ...{ appId: project.appId, projectId: project.id, projectName: project.name },
    ...{ projectDescription: project.description, projectHrn: hrnOf(project), type, features: [], realm: 'IoT' },
    expired: isExpired(project, now),
    ...(expiresAt === undefined ? {} : { expiryDate: new Date(expiresAt).toISOString() }),
    ...(left === undefined ? {} : { quota: { provisioning: left } }),
  };
}

export const provisioningCalls = [
  ...[oneDevice, manyDevices, jobStatus, jobResults],
  ...[provisioned, licenceCount, licences],
];

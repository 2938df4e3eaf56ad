/**
 * What the operator keeps for the claim API: projects with their members, provisioned devices, tokens of applications, and claims, which
 * only the operator may end for others.
 */
import { type Static, Type } from '@sinclair/typebox';
import type { FastifyInstance } from 'fastify';
import { activeLicence, isVirtual, unclaim } from '../../store/claims/claims.js';
import { isExpired } from '../../store/claims/licences.js';
import { deactivateDevice, newDeviceSecret } from '../../store/claims/provisioning.js';
import type { ClaimRow, DeviceLicenceRow, ProjectRow } from '../../store/claims/rows.js';
import { clientTokenLifetimeMs, issueClientToken } from '../../store/claims/tokens.js';
import type { Registry } from '../../store/registry.js';
import { hereDeviceSchema, projectSchema } from '../../store/setup/here-schema.js';
import type { AdminOptions } from './dialect.js';
import { AdminError, notFound } from './errors.js';
import {
  answers,
  applyPart,
  documented,
  done,
  isoTime,
  nullable,
  page,
  pageOf,
  pageQuery,
  pageQueryWith,
  typed,
} from './route.js';

const text = Type.String();
const int = Type.Integer();
const time = nullable(Type.String({ description: 'ISO 8601' }));
const name = (description: string) => Type.String({ minLength: 1, maxLength: 50, description });

/** What each kind of thing looks like. */
export const hereBodies = {
  project: Type.Object({
    ...{ id: text, app_id: text, name: text, description: text },
    account_id: Type.Integer({ description: 'What the project owns belongs to it' }),
    members: Type.Array(text, { description: 'Logins, the first one first' }),
    licence: Type.Object({ type: text, expires_at: time, quota: nullable(int), expired: Type.Boolean() }),
    provisioned: Type.Integer({ description: 'Devices whose licence has not ended' }),
    claimed: Type.Integer({ description: 'Devices that the project owns now' }),
    created_at: time,
  }),
  device: Type.Object({
    ...{ device_id: text, external_id: nullable(text), project: text, model: nullable(text) },
    has_secret: Type.Boolean(),
    ...{ provisioned_at: time, deactivated_at: time },
    tracking_id: nullable(Type.String({ description: 'Of the claim that holds now' })),
    owner: nullable(Type.String({ description: 'Project that claims it now' })),
  }),
  claim: Type.Object({
    ...{ tracking_id: text, device_id: text, project: text, claimed_by: nullable(text) },
    ...{ claimed_at: time, unclaimed_at: time, source_id: int, tracker_id: int },
    erased_at: nullable(Type.String({ description: 'ISO 8601: when what was kept under it was erased' })),
  }),
  provisioned: Type.Object({
    ...{ device_id: text, external_id: nullable(text) },
    secret: nullable(Type.String({ description: 'The one that was made; it is not told again' })),
  }),
  token: Type.Object({ token: Type.String({ description: 'It is not told again' }), expires_at: time }),
} as const;
type Shown = { [K in keyof typeof hereBodies]: Static<(typeof hereBodies)[K]> };

const projectParams = Type.Object({ id: name('Project id') });

export function mountHere(scope: FastifyInstance, options: AdminOptions): void {
  mountProjects(scope, options);
  mountProvisioning(scope, options);
  mountClaims(scope, options);
}

function mountProjects(scope: FastifyInstance, options: AdminOptions): void {
  const app = typed(scope);
  const { store, clock } = options;
  const shown = (project: ProjectRow) => projectBody(store.registry, project, clock.now());

  const listing = documented('Projects', { querystring: pageQuery, response: answers(pageOf(hereBodies.project)) });
  app.get('/here/projects', { schema: listing }, ({ query }) =>
    page([...store.registry.all('project')].sort(byId), query, shown),
  );

  const making = documented('Makes or changes a project, in the words of the setup file', {
    body: projectSchema,
    response: answers(hereBodies.project),
  });
  app.post('/here/projects', { schema: making }, async ({ body }) => {
    await applyPart(options, { here: { projects: [body] } });
    return shown(requireProject(store.registry, body.id));
  });

  const reading = documented('One project', { params: projectParams, response: answers(hereBodies.project) });
  app.get('/here/projects/:id', { schema: reading }, ({ params }) => shown(requireProject(store.registry, params.id)));

  const leaving = documented('Takes a member out of a project, which has to keep one', {
    params: Type.Object({ id: name('Project id'), login: Type.String({ minLength: 1, maxLength: 255 }) }),
    response: answers(hereBodies.project),
  });
  app.delete('/here/projects/:id/members/:login', { schema: leaving }, async ({ params }) => {
    const changed = await store.change((tx) => {
      const project = requireProject(tx.registry, params.id);
      const userId = tx.registry.userByLogin(params.login)?.id;
      const memberIds = project.memberIds.filter((id) => id !== userId);
      if (memberIds.length === project.memberIds.length) throw notFound('member');
      if (memberIds.length === 0) throw new AdminError('conflict', 'it is the last member');
      tx.put('project', { ...project, memberIds });
      return { ...project, memberIds };
    });
    return shown(changed);
  });

  const issuing = documented('Makes a token for an application of the project, good for a year', {
    params: projectParams,
    response: answers(hereBodies.token, 201),
  });
  app.post('/here/projects/:id/tokens', { schema: issuing }, async ({ params }, reply) => {
    const expiresAt = clock.now() + clientTokenLifetimeMs;
    const token = await store.change((tx) => {
      return issueClientToken(tx, requireProject(tx.registry, params.id), expiresAt);
    });
    reply.code(201);
    return { token, expires_at: isoTime(expiresAt) };
  });
}

export const newDevice = Type.Object(
  {
    ...hereDeviceSchema.properties,
    generate_secret: Type.Optional(Type.Boolean({ description: 'Make a secret, where none is given' })),
  },
  { additionalProperties: false },
);

function mountProvisioning(scope: FastifyInstance, options: AdminOptions): void {
  const app = typed(scope);
  const { store } = options;

  const listing = documented('Devices that a project has provisioned', {
    params: projectParams,
    querystring: pageQuery,
    response: answers(pageOf(hereBodies.device)),
  });
  app.get('/here/projects/:id/devices', { schema: listing }, ({ params, query }) => {
    const { id } = requireProject(store.registry, params.id);
    const rows = [...store.registry.claims.licencesOf(id)].sort(byId);
    return page(rows, query, (row) => deviceBody(store.registry, row));
  });

  const making = documented('Provisions a device of a given id, or changes it', {
    params: projectParams,
    body: newDevice,
    response: answers(hereBodies.provisioned),
  });
  app.post('/here/projects/:id/devices', { schema: making }, async ({ params, body }) => {
    const project = requireProject(store.registry, params.id);
    const { generate_secret: isWanted, ...device } = body;
    const made = isWanted === true && device.secret === undefined ? newDeviceSecret() : undefined;
    const secret = device.secret ?? made;
    const wanted = { ...device, ...(secret === undefined ? {} : { secret }) };
    await applyPart(options, { here: { projects: [{ id: project.id, devices: [wanted] }] } });
    const appId = device.external_id === undefined ? undefined : project.appId;
    const licence = activeLicence(store.registry, device.id ?? device.external_id ?? '', appId);
    if (licence === undefined) throw notFound('device');
    return { device_id: licence.id, external_id: licence.externalId ?? null, secret: made ?? null };
  });

  const deviceParams = Type.Object({ id: name('Device id') });
  const reading = documented('One device', { params: deviceParams, response: answers(hereBodies.device) });
  app.get('/here/devices/:id', { schema: reading }, ({ params }) =>
    deviceBody(store.registry, requireDevice(store.registry, params.id)),
  );

  const ending = documented('Ends the licence of a device for good; nobody may claim it', {
    params: deviceParams,
    response: answers(done),
  });
  app.delete('/here/devices/:id', { schema: ending }, async ({ params }) => {
    await store.change((tx) => {
      const licence = requireDevice(tx.registry, params.id);
      if (licence.deactivatedAt !== undefined) throw notFound('device');
      if (!deactivateDevice(tx, licence).ok) throw new AdminError('conflict', 'the device is claimed');
    });
    return { done: true as const };
  });
}

function mountClaims(scope: FastifyInstance, options: AdminOptions): void {
  const app = typed(scope);
  const { store, live } = options;

  const listing = documented('Claims, those that have ended included, the oldest first', {
    querystring: pageQueryWith({
      device_id: Type.Optional(Type.String({ description: 'Only of this device' })),
      project: Type.Optional(Type.String({ description: 'Only of this project' })),
      open: Type.Optional(Type.Union([Type.Literal('true'), Type.Literal('false')])),
    }),
    response: answers(pageOf(hereBodies.claim)),
  });
  app.get('/here/claims', { schema: listing }, ({ query }) => {
    const isWanted = ({ deviceId, projectId, unclaimedAt }: ClaimRow) =>
      (query.device_id ?? deviceId) === deviceId &&
      (query.project ?? projectId) === projectId &&
      (query.open === undefined || (query.open === 'true') === (unclaimedAt === undefined));
    const rows = [...store.registry.all('claim')].filter(isWanted);
    rows.sort((left, right) => left.claimedAt - right.claimedAt || byId(left, right));
    return page(rows, query, (row) => claimBody(store.registry, row));
  });

  const ending = documented('Ends a claim: what was kept under it is out of reach', {
    params: Type.Object({ id: name('Tracking id') }),
    response: answers(done),
  });
  app.delete('/here/claims/:id', { schema: ending }, async ({ params }) => {
    const sourceId = await store.change((tx) => {
      const claim = tx.registry.get('claim', params.id);
      if (claim === undefined || claim.unclaimedAt !== undefined) throw notFound('claim');
      unclaim(tx, claim);
      return claim.sourceId;
    });
    live.disconnect(sourceId, 'unclaimed_unit');
    return { done: true as const };
  });
}

function byId(left: { readonly id: string }, right: { readonly id: string }): number {
  return left.id < right.id ? -1 : 1;
}

/** Throws `not_found`. */
function requireProject(registry: Registry, id: string): ProjectRow {
  const project = registry.get('project', id);
  if (project === undefined) throw notFound('project');
  return project;
}

/** Throws `not_found`. */
function requireDevice(registry: Registry, id: string): DeviceLicenceRow {
  const licence = registry.get('deviceLicence', id);
  if (licence === undefined) throw notFound('device');
  return licence;
}

function projectBody(registry: Registry, project: ProjectRow, now: number): Shown['project'] {
  const { type, expiresAt, quota } = project.licence;
  return {
    ...{ id: project.id, app_id: project.appId, name: project.name, description: project.description },
    account_id: project.accountId,
    members: project.memberIds.flatMap((id) => registry.get('user', id)?.login ?? []),
    licence: { type, expires_at: isoTime(expiresAt), quota: quota ?? null, expired: isExpired(project, now) },
    provisioned: registry.claims.activeLicencesOf(project.id).length,
    claimed: registry.claims.openClaimsOf(project.id).length,
    created_at: isoTime(project.createdAt),
  };
}

function deviceBody(registry: Registry, row: DeviceLicenceRow): Shown['device'] {
  const claim = registry.claims.openClaimOf(row.id);
  return {
    ...{ device_id: row.id, external_id: isVirtual(row) ? (row.externalId ?? null) : null },
    ...{ project: row.projectId, model: row.model ?? null, has_secret: row.secret !== undefined },
    ...{ provisioned_at: isoTime(row.provisionedAt), deactivated_at: isoTime(row.deactivatedAt) },
    ...{ tracking_id: claim?.id ?? null, owner: claim?.projectId ?? null },
  };
}

function claimBody(registry: Registry, row: ClaimRow): Shown['claim'] {
  const login = row.claimedBy === undefined ? undefined : registry.get('user', row.claimedBy)?.login;
  return {
    ...{ tracking_id: row.id, device_id: row.deviceId, project: row.projectId, claimed_by: login ?? null },
    ...{ claimed_at: isoTime(row.claimedAt), unclaimed_at: isoTime(row.unclaimedAt) },
    ...{ source_id: row.sourceId, tracker_id: row.trackerId, erased_at: isoTime(row.erasedAt) },
  };
}

/**
 * Projects of the claim API as a setup declares them, with their members and provisioned devices. Members that a setup no longer names
 * stay, like everything else.
 */

import { type DeviceModel, modelByCode } from '../../domain/models.js';
import { isVirtual } from '../claims/claims.js';
import { judgeLicences } from '../claims/licences.js';
import { provisionDevice } from '../claims/provisioning.js';
import type { DeviceLicenceRow, ProjectRow } from '../claims/rows.js';
import type { Secrets } from '../secret-box.js';
import { utcMs } from './dates.js';
import type { SetupHere, SetupHereDevice, SetupProject } from './here-schema.js';
import { conflict, fault, type SetupPath } from './problem.js';
import { given, requireReadable, type SetupWork } from './work.js';

export function applyHere(work: SetupWork, secrets: Secrets, { projects }: SetupHere): void {
  projects?.forEach((wanted, i) => {
    const path = ['here', 'projects', i];
    const project = work.item('here', () => applyProject(work, wanted, path));
    wanted.devices?.forEach((device, j) => {
      const place = [...path, 'devices', j];
      work.item('here_devices', () => applyDevice(work, secrets, { project, wanted: device, path: place }));
    });
  });
  for (const sourceId of judgeLicences(work.tx)) work.sessionsToEnd.push({ sourceId, code: 'blocked_unit' });
}

/** A project, found by its id, or a new one. */
function applyProject(work: SetupWork, wanted: SetupProject, path: SetupPath): ProjectRow {
  const { registry } = work.tx;
  work.once('project', wanted.id, [...path, 'id']);
  for (const key of ['id', 'app_id', 'name', 'description'] as const) {
    if (wanted[key] !== undefined) requireReadable(wanted[key], [...path, key]);
  }
  const old = registry.get('project', wanted.id);
  const appId = wanted.app_id ?? old?.appId ?? fault([...path, 'app_id'], 'is missing: the project is new');
  if (old !== undefined && appId !== old.appId) conflict([...path, 'app_id'], 'cannot be changed');
  const holder = registry.claims.projectByApp(appId);
  if (holder !== undefined && holder.id !== wanted.id) conflict([...path, 'app_id'], 'is the app of another project');
  const members = membersOf(work, wanted, path);
  const accountId = old?.accountId ?? members[0]?.accountId ?? fault([...path, 'members'], 'is missing');
  const name = wanted.name ?? old?.name ?? wanted.id;
  return work.save('project', {
    ...(old ?? { id: wanted.id, createdAt: work.tx.at }),
    ...{ appId, accountId, name, description: wanted.description ?? old?.description ?? name },
    memberIds: [...new Set([...(old?.memberIds ?? []), ...members.map(({ id }) => id)])],
    licence: licenceOf(wanted, old, path),
  });
}

function membersOf({ tx }: SetupWork, wanted: SetupProject, path: SetupPath) {
  return (wanted.members ?? []).map(
    (login, i) => tx.registry.userByLogin(login) ?? fault([...path, 'members', i], 'there is no user of this login'),
  );
}

function licenceOf({ licence }: SetupProject, old: ProjectRow | undefined, path: SetupPath): ProjectRow['licence'] {
  if (licence === undefined) return old?.licence ?? { type: 'commercial' };
  const expiresAt = licence.expires_at === undefined ? undefined : utcMs(licence.expires_at);
  if (Number.isNaN(expiresAt)) fault([...path, 'licence', 'expires_at'], 'is no date');
  return {
    type: licence.type ?? old?.licence.type ?? 'commercial',
    ...given<Pick<ProjectRow['licence'], 'expiresAt' | 'quota'>>({
      expiresAt: expiresAt ?? old?.licence.expiresAt,
      quota: licence.quota ?? old?.licence.quota,
    }),
  };
}

interface DeviceToApply {
  readonly project: ProjectRow;
  readonly wanted: SetupHereDevice;
  readonly path: SetupPath;
}

/** A device of a project, found by its id or its external id, or a new one. */
function applyDevice(work: SetupWork, secrets: Secrets, { project, wanted, path }: DeviceToApply): DeviceLicenceRow {
  const { claims } = work.tx.registry;
  const { id, external_id: externalId } = wanted;
  if ((id === undefined) === (externalId === undefined)) fault(path, 'needs either an id or an external_id');
  work.once('device of a project', id ?? `${project.appId} ${externalId}`, path);
  requireModel(wanted, path);
  const known =
    id === undefined
      ? claims.virtualDevice(project.appId, externalId ?? '')
      : work.tx.registry.get('deviceLicence', id);
  if (known === undefined) return newDevice(work, secrets, { project, wanted, path });
  if (known.projectId !== project.id) conflict(path, 'is a device of another project');
  if (known.deactivatedAt !== undefined) conflict(path, 'has lost its licence for good');
  if (id !== undefined && isVirtual(known)) conflict([...path, 'id'], 'is a virtual device');
  const isSameSecret =
    wanted.secret === undefined || (known.secret !== undefined && opened(secrets, known.secret) === wanted.secret);
  return work.save('deviceLicence', {
    ...known,
    ...given<Pick<DeviceLicenceRow, 'model' | 'secret'>>({
      model: wanted.model,
      secret: isSameSecret ? known.secret : secrets.seal(wanted.secret ?? ''),
    }),
  });
}

function newDevice(work: SetupWork, secrets: Secrets, { project, wanted, path }: DeviceToApply): DeviceLicenceRow {
  const outcome = provisionDevice(work.tx, {
    project,
    deviceId: wanted.id,
    externalId: wanted.external_id,
    model: wanted.model,
    secret: wanted.secret === undefined ? undefined : secrets.seal(wanted.secret),
  });
  if (!outcome.ok) conflict(path, refusals[outcome.reason]);
  work.noteMade();
  return outcome.licence;
}

const refusals = {
  licence_expired: 'cannot be provisioned: the licence of the project has expired',
  quota: 'cannot be provisioned: the licence of the project allows no more',
  device_id_in_use: 'is in use',
  external_id_in_use: 'is in use',
} as const;

/** Undefined for a secret that was sealed with a key that is lost. */
function opened(secrets: Secrets, sealed: string): string | undefined {
  try {
    return secrets.open(sealed);
  } catch {
    // It is sealed anew then.
    return undefined;
  }
}

function requireModel({ model: code }: SetupHereDevice, path: SetupPath): DeviceModel | undefined {
  if (code === undefined) return undefined;
  const model = modelByCode(code);
  if (model === undefined) return fault([...path, 'model'], 'is no code of the model catalogue');
  return model.protocol === null ? fault([...path, 'model'], 'speaks no protocol of this gateway') : model;
}

/**
 * Provisioning: devices get their licence from a vendor before anybody can claim them, and may lose it for good. Each operation is a
 * function over an open transaction; a refusal leaves it untouched.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import type { Outcome } from '../accounts.js';
import type { Transaction } from '../contract.js';
import { isExpired, provisioningLeft } from './licences.js';
import type { DeviceLicenceRow, ProjectRow } from './rows.js';

export interface WantedDevice {
  readonly project: ProjectRow;
  /** Made by the server where it is absent. */
  readonly deviceId?: string | undefined;
  /** Makes it a virtual device. */
  readonly externalId?: string | undefined;
  /** Sealed. */
  readonly secret?: string | undefined;
  readonly model?: string | undefined;
}

export type ProvisioningRefusal = 'licence_expired' | 'quota' | 'device_id_in_use' | 'external_id_in_use';
export type ProvisioningOutcome = Outcome<{ readonly licence: DeviceLicenceRow }, ProvisioningRefusal>;

const refused = (reason: ProvisioningRefusal): ProvisioningOutcome => ({ ok: false, reason });

/** A secret for a device that came without one: 43 characters, 256 bits. */
export function newDeviceSecret(): string {
  return randomBytes(32).toString('base64url');
}

/** Gives a device its licence. Refusals are checked in the order in which they are listed. */
export function provisionDevice(tx: Transaction, wanted: WantedDevice): ProvisioningOutcome {
  const { project, externalId, secret, model } = wanted;
  if (isExpired(project, tx.at)) return refused('licence_expired');
  if (provisioningLeft(tx.registry, project) === 0) return refused('quota');
  const id = wanted.deviceId ?? (externalId === undefined ? randomUUID() : `VRDE-${randomUUID()}`);
  if (tx.registry.get('deviceLicence', id) !== undefined) return refused('device_id_in_use');
  const isTaken = externalId !== undefined && tx.registry.claims.virtualDevice(project.appId, externalId) !== undefined;
  if (isTaken) return refused('external_id_in_use');
  const licence: DeviceLicenceRow = {
    id,
    projectId: project.id,
    ...(externalId === undefined ? {} : { externalId, appId: project.appId }),
    ...(secret === undefined ? {} : { secret }),
    ...(model === undefined ? {} : { model }),
    provisionedAt: tx.at,
  };
  tx.put('deviceLicence', licence);
  return { ok: true, licence };
}

/** Ends the licence of a device for good. Refused while the device is claimed. */
export function deactivateDevice(tx: Transaction, licence: DeviceLicenceRow): Outcome<object, 'claimed'> {
  if (tx.registry.claims.openClaimOf(licence.id) !== undefined) return { ok: false, reason: 'claimed' };
  const { secret: _secret, ...rest } = licence;
  tx.put('deviceLicence', { ...rest, deactivatedAt: tx.at });
  return { ok: true };
}

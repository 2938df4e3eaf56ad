/**
 * Claiming: a provisioned device becomes a source and a tracker of the account that the project belongs to, under a tracking id of its
 * own. Each operation is a function over an open transaction, where nothing can change in between; a refusal leaves it untouched.
 */
import { randomUUID } from 'node:crypto';
import { addTracker, isAtDeviceLimit, type Outcome } from '../accounts.js';
import type { Transaction } from '../contract.js';
import type { Registry } from '../registry.js';
import { corruptSource } from '../removal.js';
import type { SourceRow } from '../rows.js';
import { isExpired } from './licences.js';
import type { ClaimRow, DeviceLicenceRow, ProjectRow } from './rows.js';

/** Protocol of devices that only ever report over HTTP. */
export const httpProtocol = 'here';

export interface WantedClaim {
  /** Device id, or with `appId` the external id of a virtual device. */
  readonly name: string;
  readonly appId?: string | undefined;
  readonly project: ProjectRow;
  readonly claimedBy?: number | undefined;
  readonly ownerAppId?: string | undefined;
}

export type ClaimRefusal =
  | 'licence_expired'
  | 'not_provisioned'
  /** By another project, or an account has registered the device without a claim. */
  | 'claimed_elsewhere'
  | 'quota'
  | 'device_limit';

export type ClaimOutcome = Outcome<{ readonly claim: ClaimRow; readonly isNew: boolean }, ClaimRefusal>;

const refused = (reason: ClaimRefusal): ClaimOutcome => ({ ok: false, reason });

/** Claims a device. A repeated claim answers with the one that is there. Refusals are checked in the order in which they are listed. */
export function claimDevice(tx: Transaction, wanted: WantedClaim): ClaimOutcome {
  const { registry } = tx;
  const { project } = wanted;
  if (isExpired(project, tx.at)) return refused('licence_expired');
  const licence = activeLicence(registry, wanted.name, wanted.appId);
  if (licence === undefined) return refused('not_provisioned');
  const open = registry.claims.openClaimOf(licence.id);
  if (open !== undefined) {
    return open.projectId === project.id ? { ok: true, claim: open, isNew: false } : refused('claimed_elsewhere');
  }
  const registered = registry.sourceByDeviceId(licence.id);
  if (registered !== undefined && registered.accountId !== project.accountId) return refused('claimed_elsewhere');
  const { quota } = project.licence;
  if (quota !== undefined && registry.claims.openClaimsOf(project.id).length >= quota) return refused('quota');
  const account = registry.get('account', project.accountId);
  const isFull = registered === undefined && (account === undefined || isAtDeviceLimit(tx, account));
  if (isFull) return refused('device_limit');
  return { ok: true, claim: putClaim(tx, wanted, licence, registered), isNew: true };
}

/** Ends a claim: its source is gone for good, and with it everything that was kept for the owner. */
export function unclaim(tx: Transaction, claim: ClaimRow): void {
  const source = tx.registry.get('source', claim.sourceId);
  if (source !== undefined) corruptSource(tx, source);
}

/** The provisioned device of a name, unless its licence has ended. */
export function activeLicence(registry: Registry, name: string, appId?: string): DeviceLicenceRow | undefined {
  if (appId !== undefined) return registry.claims.virtualDevice(appId, name);
  const licence = registry.get('deviceLicence', name);
  return licence?.deactivatedAt === undefined ? licence : undefined;
}

/** The claim behind a tracking id, or behind the external id of a virtual device, while it holds. */
export function openClaim(registry: Registry, name: string, appId?: string): ClaimRow | undefined {
  if (appId !== undefined) {
    const licence = registry.claims.virtualDevice(appId, name);
    return licence === undefined ? undefined : registry.claims.openClaimOf(licence.id);
  }
  const claim = registry.get('claim', name);
  return claim?.unclaimedAt === undefined ? claim : undefined;
}

export function isVirtual(licence: DeviceLicenceRow): boolean {
  return licence.externalId !== undefined;
}

function putClaim(
  tx: Transaction,
  wanted: WantedClaim,
  licence: DeviceLicenceRow,
  registered: SourceRow | undefined,
): ClaimRow {
  const { project, claimedBy, ownerAppId } = wanted;
  const source = registered ?? newSource(tx, project, licence);
  const claim: ClaimRow = {
    id: `${isVirtual(licence) ? 'VRTR' : 'HERE'}-${randomUUID()}`,
    deviceId: licence.id,
    projectId: project.id,
    ...(ownerAppId === undefined ? {} : { ownerAppId }),
    ...(claimedBy === undefined ? {} : { claimedBy }),
    claimedAt: tx.at,
    sourceId: source.id,
    trackerId: tx.registry.trackersOfSource(source.id).find(({ clone }) => !clone)?.id ?? 0,
  };
  tx.put('claim', claim);
  return claim;
}

function newSource(tx: Transaction, project: ProjectRow, licence: DeviceLicenceRow): SourceRow {
  const { source } = addTracker(tx, {
    accountId: project.accountId,
    label: readable(licence.externalId ?? licence.id),
    model: licence.model ?? '',
    deviceId: licence.id,
  });
  if (!isVirtual(licence)) return source;
  const virtual = { ...source, protocol: httpProtocol };
  tx.put('source', virtual);
  return virtual;
}

/** A label that people can read, whatever a vendor calls a device. */
function readable(name: string): string {
  const text = name.replace(/[\p{Cc}\p{Co}\p{Cs}\p{Zl}\p{Zp}<>]/gu, '_').slice(0, 60);
  return text.trim() === '' ? '_' : text;
}

/**
 * Licences of projects: when one has run out its devices are blocked, and when it is prolonged those that were blocked for it are let in
 * again. What the operator blocked stays blocked.
 */
import type { Transaction } from '../contract.js';
import type { Registry } from '../registry.js';
import type { ClaimRow, ProjectRow } from './rows.js';

export function isExpired(project: ProjectRow, at: number): boolean {
  return project.licence.expiresAt !== undefined && at >= project.licence.expiresAt;
}

/** How many more devices a project may provision; undefined for any number. */
export function provisioningLeft(registry: Registry, project: ProjectRow): number | undefined {
  const { quota } = project.licence;
  if (quota === undefined) return undefined;
  return Math.max(0, quota - registry.claims.activeLicencesOf(project.id).length);
}

/** Whether `judgeLicences` has anything to do. */
export function areLicencesDue(registry: Registry, at: number): boolean {
  for (const project of registry.all('project')) if (isDue(project, at)) return true;
  return false;
}

/** Puts devices of all projects right by their licences at the time of the change. Returns the sources that were blocked. */
export function judgeLicences(tx: Transaction): readonly number[] {
  return [...tx.registry.all('project')].flatMap((project) => (isDue(project, tx.at) ? judge(tx, project) : []));
}

function isDue(project: ProjectRow, at: number): boolean {
  return isExpired(project, at) !== (project.lapsed === true);
}

function judge(tx: Transaction, project: ProjectRow): readonly number[] {
  const { lapsed: wasLapsed, ...rest } = project;
  const claims = [...tx.registry.claims.openClaimsOf(project.id)];
  tx.put('project', wasLapsed === true ? rest : { ...rest, lapsed: true });
  if (wasLapsed === true) {
    for (const claim of claims) letIn(tx, claim);
    return [];
  }
  return claims.flatMap((claim) => block(tx, claim));
}

function block(tx: Transaction, claim: ClaimRow): readonly number[] {
  const source = tx.registry.get('source', claim.sourceId);
  if (source === undefined || source.blocked) return [];
  tx.put('source', { ...source, blocked: true });
  tx.put('claim', { ...claim, blockedByLicence: true });
  return [source.id];
}

function letIn(tx: Transaction, claim: ClaimRow): void {
  if (claim.blockedByLicence !== true) return;
  const { blockedByLicence: _blocked, ...rest } = claim;
  const source = tx.registry.get('source', claim.sourceId);
  if (source !== undefined) tx.put('source', { ...source, blocked: false });
  tx.put('claim', rest);
}

/**
 * Which project a call is for, and what a caller may reach. Projects and devices of others look as if they did not exist, or are refused
 * alike.
 */
import { openClaim } from '../../store/claims/claims.js';
import type { ClaimRow, ProjectRow } from '../../store/claims/rows.js';
import type { TokenHolder } from '../../store/claims/tokens.js';
import type { Registry } from '../../store/registry.js';
import type { HereServices } from './call.js';
import { badRequest, forbidden, notFound } from './errors.js';

/** Whoever makes a call. */
export interface Caller {
  readonly services: Pick<HereServices, 'store'>;
  readonly holder: TokenHolder;
}

/** Projects that the caller acts for. */
export function projectsOf({ holder, services }: Caller): readonly ProjectRow[] {
  const { registry } = services.store;
  if (holder.kind === 'client') return [holder.project];
  if (holder.kind === 'device') {
    const project = registry.get('project', holder.claim.projectId);
    return project === undefined ? [] : [project];
  }
  const theirs = registry.claims.projectsOfMember(holder.user.id);
  return holder.scope === undefined ? theirs : theirs.filter(({ id }) => id === holder.scope?.id);
}

export interface WantedProject {
  readonly projectId?: string | undefined;
  readonly ownerAppId?: string | undefined;
}

/** The one project that is meant. Throws 403 where it is none of the caller's, 400 where it might be several. */
export function requireProject(context: Caller, { projectId, ownerAppId }: WantedProject): ProjectRow {
  const projects = projectsOf(context);
  const [first, second] = projects;
  if (first === undefined) throw forbidden('The caller is a member of no project.');
  if (projectId !== undefined) {
    const named = projects.find(({ id }) => id === projectId);
    if (named === undefined) throw forbidden('The caller is no member of this project.');
    return named;
  }
  if (second === undefined) return first;
  const owning = ownerAppId === undefined ? undefined : projects.find(({ appId }) => appId === ownerAppId);
  if (owning === undefined) throw badRequest('query projectId: needed by members of several projects.');
  return owning;
}

/** The project of an application. Throws 404 where there is none, 403 where the caller is no member of it. */
export function requireApp(context: Caller, appId: string): ProjectRow {
  const project = context.services.store.registry.claims.projectByApp(appId);
  if (project === undefined) throw notFound('There is no such application.');
  if (!projectsOf(context).some(({ id }) => id === project.id)) {
    throw forbidden('The caller is no member of the project of this application.');
  }
  return project;
}

/** The claim behind a tracking id (or an external id with its app), if it holds and is the caller's. Throws 404. */
export function requireClaim(context: Caller, name: string, appId?: string): ClaimRow {
  const claim = openClaim(context.services.store.registry, name, appId);
  if (claim === undefined || !isTheirs(context, claim)) throw notFound('There is no such device.');
  return claim;
}

/** Whether a claim is one of the caller's. */
export function isTheirs(context: Caller, claim: ClaimRow): boolean {
  return projectsOf(context).some(({ id }) => id === claim.projectId);
}

/** `hrn:here:authorization::<org>:project/<project>`; a project `org:name` names its organisation. */
export function hrnOf({ id }: ProjectRow): string {
  const [org, name] = id.includes(':')
    ? [id.slice(0, id.indexOf(':')), id.slice(id.indexOf(':') + 1)]
    : ['milepost', id];
  return `hrn:here:authorization::${org}:project/${name}`;
}

/** The project of an HRN. */
export function projectByHrn(registry: Registry, hrn: string): ProjectRow | undefined {
  for (const project of registry.all('project')) if (hrnOf(project) === hrn) return project;
  return undefined;
}

/**
 * Bearer tokens of the claim API: opaque texts of which only digests are kept. A token is void when its time is over, when its user has
 * another password or is gone, or when the claim that it was given under has ended.
 */
import { randomBytes } from 'node:crypto';
import type { Transaction } from '../contract.js';
import { digestOf } from '../credentials.js';
import type { Registry } from '../registry.js';
import type { UserRow } from '../rows.js';
import type { ClaimRow, ProjectRow, TokenRow } from './rows.js';

export const userTokenLifetimeMs = 86_400_000;
export const deviceTokenLifetimeMs = 86_399_000;
export const clientTokenLifetimeMs = 365 * 86_400_000;
const refreshLifetimeMs = 30 * 86_400_000;
/** Live tokens of one user, device or application; the one that ends first makes room. */
const maxTokensPerHolder = 100;

/** Under 1,024 bytes: clients in C have no more room. */
function newToken(): string {
  return `h1.${randomBytes(32).toString('base64url')}`;
}

/** Recognises a password hash without being one. */
function markOf(user: UserRow): string {
  return digestOf(user.password).slice(0, 16);
}

export interface UserTokens {
  readonly accessToken: string;
  readonly refreshToken: string;
}

/** A token of a user for all of the user's projects, with the one that refreshes it. */
export function issueUserTokens(tx: Transaction, user: UserRow, realm: string): UserTokens {
  const accessToken = newToken();
  const refreshToken = newToken();
  makeRoom(tx, tx.registry.claims.tokensOfUser(user.id));
  tx.put('token', {
    ...{ id: digestOf(accessToken), kind: 'user', userId: user.id, passwordMark: markOf(user), realm },
    ...{ refreshDigest: digestOf(refreshToken), expiresAt: tx.at + userTokenLifetimeMs },
    refreshUntil: tx.at + refreshLifetimeMs,
  });
  return { accessToken, refreshToken };
}

/** A token of a user for one project; it ends with the one that it was made of. */
export function issueScopedToken(tx: Transaction, user: UserRow, project: ProjectRow, expiresAt: number): string {
  const token = newToken();
  makeRoom(tx, tx.registry.claims.tokensOfUser(user.id));
  tx.put('token', {
    ...{ id: digestOf(token), kind: 'user', userId: user.id, projectId: project.id },
    ...{ passwordMark: markOf(user), expiresAt },
  });
  return token;
}

/** A token of an application of a project. */
export function issueClientToken(tx: Transaction, project: ProjectRow, expiresAt: number): string {
  const token = newToken();
  makeRoom(tx, tx.registry.claims.clientTokensOf(project.id));
  tx.put('token', { id: digestOf(token), kind: 'client', projectId: project.id, expiresAt });
  return token;
}

/** A token of a device for as long as it is claimed. */
export function issueDeviceToken(tx: Transaction, claim: ClaimRow): string {
  const token = newToken();
  makeRoom(tx, tx.registry.claims.tokensOfClaim(claim.id));
  tx.put('token', {
    ...{ id: digestOf(token), kind: 'device', claimId: claim.id },
    expiresAt: tx.at + deviceTokenLifetimeMs,
  });
  return token;
}

/** Whoever holds a token, or undefined when it is unknown or void. */
export type TokenHolder =
  | { readonly kind: 'user'; readonly user: UserRow; readonly scope: ProjectRow | undefined; readonly row: TokenRow }
  | { readonly kind: 'client'; readonly project: ProjectRow; readonly row: TokenRow }
  | { readonly kind: 'device'; readonly claim: ClaimRow; readonly row: TokenRow };

export function holderOf(registry: Registry, token: string, now: number): TokenHolder | undefined {
  const row = registry.get('token', digestOf(token));
  return row === undefined || now >= row.expiresAt ? undefined : holder(registry, row);
}

/** The user whose tokens these are, while they may be refreshed: the access token may have ended. */
export function refreshable(registry: Registry, { accessToken, refreshToken }: UserTokens, now: number) {
  const row = registry.get('token', digestOf(accessToken));
  if (row?.refreshUntil === undefined || now >= row.refreshUntil) return undefined;
  if (row.refreshDigest !== digestOf(refreshToken)) return undefined;
  const found = holder(registry, row);
  return found?.kind === 'user' ? found : undefined;
}

function holder(registry: Registry, row: TokenRow): TokenHolder | undefined {
  const project = row.projectId === undefined ? undefined : registry.get('project', row.projectId);
  if (row.kind === 'client') return project === undefined ? undefined : { kind: 'client', project, row };
  if (row.kind === 'device') {
    const claim = row.claimId === undefined ? undefined : registry.get('claim', row.claimId);
    return claim === undefined || claim.unclaimedAt !== undefined ? undefined : { kind: 'device', claim, row };
  }
  const user = row.userId === undefined ? undefined : registry.get('user', row.userId);
  if (user === undefined || markOf(user) !== row.passwordMark) return undefined;
  if (row.projectId !== undefined && project === undefined) return undefined;
  return { kind: 'user', user, scope: project, row };
}

/** Clears away what has ended, and the eldest where there are too many. */
function makeRoom(tx: Transaction, tokens: readonly TokenRow[]): void {
  const endOf = (row: TokenRow) => row.refreshUntil ?? row.expiresAt;
  const newest = [...tokens].reverse().sort((left, right) => endOf(right) - endOf(left));
  const live = newest.filter((row) => endOf(row) > tx.at);
  const kept = new Set(live.slice(0, maxTokensPerHolder - 1));
  for (const row of [...tokens]) if (!kept.has(row)) tx.remove('token', row.id);
}

/**
 * Who makes a request: the holder of its bearer token.
 */
import { holderOf, type TokenHolder } from '../../store/claims/tokens.js';
import type { Registry } from '../../store/registry.js';
import type { UserRow } from '../../store/rows.js';
import type { HereServices } from './call.js';
import { forbidden, unauthorized } from './errors.js';

/** Longest token looked at. */
const maxTokenLength = 1024;

/** The token of a header `Bearer <token>`; undefined where there is none. */
export function bearerOf(authorization: string | undefined): string | undefined {
  const token = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
  return token === undefined || token.length > maxTokenLength ? undefined : token;
}

/** Throws 401 where the token is missing, unknown or void, and 403 where its user or account is blocked. */
export function holderOfBearer(
  { store }: Pick<HereServices, 'store'>,
  token: string | undefined,
  now: number,
): TokenHolder {
  const holder = token === undefined ? undefined : holderOf(store.registry, token, now);
  if (holder === undefined) throw unauthorized('A token is needed: Authorization: Bearer <token>.');
  if (holder.kind === 'user') requireOpen(store.registry, holder.user);
  if (holder.kind === 'client') requireOpenAccount(store.registry, holder.project.accountId);
  return holder;
}

/** Throws 403 where the user or the account is blocked. */
export function requireOpen(registry: Registry, user: UserRow): void {
  if (user.blocked) throw forbidden('The user is blocked.');
  requireOpenAccount(registry, user.accountId);
}

function requireOpenAccount(registry: Registry, accountId: number): void {
  if (registry.get('account', accountId)?.blocked !== false) throw forbidden('The account is blocked.');
}

/** Holders count apart in the limit of requests. */
export function limitKeyOf(holder: TokenHolder): string {
  if (holder.kind === 'user') return `user ${holder.user.id}`;
  return holder.kind === 'client' ? `project ${holder.project.id}` : `device ${holder.claim.deviceId}`;
}

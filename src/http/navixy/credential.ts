/**
 * Who makes a request: finds the credential in it and the user behind the credential. Session hashes and API keys look alike; only their
 * digests are known here.
 */
import { credentialLength, digestOf } from '../../store/credentials.js';
import type { Registry } from '../../store/registry.js';
import type { SessionRow } from '../../store/rows.js';
import type { Access, CallContext, Credential, Right, Services } from './call.js';
import { NavixyError } from './errors.js';
import type { RequestData } from './request-data.js';

const dayMs = 86_400_000;
/** A session ends when it was not used for this long. */
export const sessionLifetimeMs = 30 * dayMs;
/** Use is written down at most this often; a session never ends early because of it. */
export const touchPeriodMs = 3_600_000;

/** The credential of a request: from the body, else the query, else the header `Authorization: NVX <hash>`. */
export function findHash(data: RequestData, authorization: string | undefined): unknown {
  const given = data.get('hash');
  if (given !== undefined) return given;
  return /^NVX (\S+)$/.exec(authorization ?? '')?.[1];
}

export function isLive(session: SessionRow, now: number): boolean {
  return now - session.usedAt < sessionLifetimeMs + touchPeriodMs;
}

/** Digests of credentials that were good a moment ago. A program uses one for thousands of requests, and each digest costs a request's worth. */
const recentDigests = new Map<string, string>();
const maxRecentDigests = 1000;
const recentPeriodMs = 60_000;
let recentSince = 0;

/** The owner of a credential, or undefined when it is unknown or has ended. */
export function lookUp(registry: Registry, hash: unknown, now: number): Credential | undefined {
  if (!isHash(hash)) return undefined;
  if (now - recentSince >= recentPeriodMs || now < recentSince || recentDigests.size > maxRecentDigests) {
    recentDigests.clear();
    recentSince = now;
  }
  const recent = recentDigests.get(hash);
  const digest = recent ?? digestOf(hash);
  const credential = ownerOf(registry, digest, now);
  if (credential === undefined) recentDigests.delete(hash);
  else if (recent === undefined) recentDigests.set(hash, digest);
  return credential;
}

function ownerOf(registry: Registry, digest: string, now: number): Credential | undefined {
  const session = registry.sessionByDigest(digest);
  if (session !== undefined) {
    const user = registry.get('user', session.userId);
    return user === undefined || !isLive(session, now) ? undefined : { kind: 'session', row: session, user };
  }
  const key = registry.apiKeyByDigest(digest);
  const user = key === undefined ? undefined : registry.get('user', key.userId);
  return key === undefined || user === undefined ? undefined : { kind: 'apiKey', row: key, user };
}

function isHash(hash: unknown): hash is string {
  return typeof hash === 'string' && hash.length === credentialLength;
}

/** The credential a call needs. Throws codes 3 (none), 4 (unknown, or of the wrong kind) and 275 (blocked). */
export function requireCredential(
  access: Access,
  hash: unknown,
  credential: Credential | undefined,
  registry: Registry,
): Credential {
  if (!isHash(hash)) throw new NavixyError(3);
  const needsSession = access === 'session' || access === 'master-session';
  if (credential === undefined || (needsSession && credential.kind !== 'session')) throw new NavixyError(4);
  const { user } = credential;
  if (user.blocked || registry.get('account', user.accountId)?.blocked === true) throw new NavixyError(275);
  return credential;
}

/** Throws code 13 when the user may not make the call. */
export function requireRights(access: Access, rights: readonly Right[], credential: Credential): void {
  const { user } = credential;
  if (user.master) return;
  const needsMaster = access === 'master' || access === 'master-session';
  if (needsMaster || rights.some((right) => right === 'admin' || !user.rights.includes(right)))
    throw new NavixyError(13);
}

/** Notes that a session is in use. The answer does not wait for it, and `failed` hears when it could not be kept. */
export function touch(
  services: Pick<Services, 'store'>,
  credential: Credential,
  now: number,
  failed: (error: unknown) => void,
): void {
  if (credential.kind !== 'session' || now - credential.row.usedAt < touchPeriodMs) return;
  const { id } = credential.row;
  services.store
    .change((tx) => {
      const row = tx.registry.get('session', id);
      if (row !== undefined) tx.put('session', { ...row, usedAt: tx.at });
    })
    .catch(failed);
}

/** The session of a call that only sessions may make. Throws code 4. */
export function requireSession(context: CallContext): SessionRow {
  if (context.credential.kind !== 'session') throw new NavixyError(4);
  return context.credential.row;
}

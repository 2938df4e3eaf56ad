/**
 * Accounts and their users as a setup declares them.
 */
import { IANAZone } from 'luxon';
import { digestOf } from '../credentials.js';
import type { Registry } from '../registry.js';
import type { AccountRow, UserRow } from '../rows.js';
import { conflict, fault, type SetupPath } from './problem.js';
import type { SetupAccount, SetupSubUser } from './schema.js';
import { given, requireReadable, type SetupWork } from './work.js';

/** Keys an account may have. */
const maxKeys = 20;
const shownKeyCharacters = 4;

/** An account, found by the login of its master user, or a new one. */
export function applyAccount(work: SetupWork, wanted: SetupAccount, path: SetupPath): AccountRow {
  const { tx } = work;
  work.once('login', wanted.login.toLowerCase(), [...path, 'login']);
  const user = tx.registry.userByLogin(wanted.login);
  if (user !== undefined && !user.master) conflict([...path, 'login'], 'is the login of a sub-user');
  if (user?.operator === true && wanted.blocked === true)
    conflict([...path, 'blocked'], 'an operator cannot be blocked');
  const old = user === undefined ? undefined : tx.registry.get('account', user.accountId);
  const account = work.save('account', {
    ...(old ?? { id: tx.nextId('account'), blocked: false, createdAt: tx.at }),
    ...given<Pick<AccountRow, 'deviceLimit' | 'legalType' | 'blocked'>>({
      deviceLimit: wanted.device_limit,
      legalType: wanted.legal_type,
      blocked: wanted.blocked,
    }),
  });
  saveUser(work, { wanted, path, old: user, made: { accountId: account.id, master: true } });
  return account;
}

/** A sub-user of an account, found by login, or a new one. */
export function applySubUser(work: SetupWork, account: AccountRow, wanted: SetupSubUser, path: SetupPath): UserRow {
  const { registry } = work.tx;
  work.once('login', wanted.login.toLowerCase(), [...path, 'login']);
  const old = registry.userByLogin(wanted.login);
  if (old !== undefined && (old.master || old.accountId !== account.id)) {
    conflict([...path, 'login'], old.master ? 'is the login of a master user' : 'is a user of another account');
  }
  const user = saveUser(work, { wanted, path, old, made: { accountId: account.id, master: false } });
  const { trackerIds: _seen, ...row } = user;
  const seen = seenTrackers(registry, account, wanted, path) ?? { trackerIds: user.trackerIds };
  return work.save('user', {
    ...row,
    ...given<Pick<UserRow, 'rights' | 'blocked' | 'trackerIds'>>({
      rights: wanted.rights,
      blocked: wanted.blocked,
      trackerIds: seen.trackerIds,
    }),
  });
}

interface UserToSave {
  readonly wanted: SetupAccount | SetupSubUser;
  readonly path: SetupPath;
  readonly old: UserRow | undefined;
  readonly made: Pick<UserRow, 'accountId' | 'master'>;
}

function saveUser(work: SetupWork, { wanted, path, old, made }: UserToSave): UserRow {
  const { tx, passwordHashes } = work;
  const { time_zone: timeZone, measurement_system: measurementSystem, locale } = wanted;
  if (timeZone !== undefined && !IANAZone.isValidZone(timeZone)) fault([...path, 'time_zone'], 'is no IANA time zone');
  const password = passwordHashes.get(wanted.login.toLowerCase());
  if (old === undefined && password === undefined) fault([...path, 'password'], 'is missing: the user is new');
  if (old === undefined) requireReadable(wanted.login, [...path, 'login']);
  if (old !== undefined && password !== undefined) {
    for (const session of [...tx.registry.sessionsOfUser(old.id)]) tx.remove('session', session.id);
  }
  const rest = { rights: [], blocked: false, operator: false, createdAt: tx.at, password: '' };
  const profile = { timeZone: 'UTC', measurementSystem: 'metric', locale: 'en' } as const;
  return work.save('user', {
    ...(old ?? { id: tx.nextId('user'), login: wanted.login, ...made, ...rest, ...profile }),
    ...given<Pick<UserRow, 'password' | 'timeZone' | 'measurementSystem' | 'locale'>>({
      password,
      timeZone,
      measurementSystem,
      locale,
    }),
  });
}

/** Undefined where the setup says nothing of it. */
function seenTrackers(
  registry: Registry,
  account: AccountRow,
  { trackers }: SetupSubUser,
  path: SetupPath,
): { readonly trackerIds: readonly number[] | undefined } | undefined {
  if (trackers === undefined) return undefined;
  if (typeof trackers === 'string') return { trackerIds: undefined };
  const ids = trackers.flatMap((deviceId, i) => {
    const source = registry.sourceByDeviceId(deviceId);
    const own = source === undefined ? [] : registry.trackersOfSource(source.id);
    const seen = own.filter((tracker) => tracker.accountId === account.id);
    if (seen.length === 0) fault([...path, 'trackers', i], 'the account has no such device');
    return seen.map((tracker) => tracker.id);
  });
  return { trackerIds: [...new Set(ids)].sort((left, right) => left - right) };
}

/** The account's API keys, groups and tags. */
export function applyBelongings(work: SetupWork, account: AccountRow, wanted: SetupAccount, path: SetupPath): void {
  wanted.api_keys?.forEach((key, i) => {
    work.item('api_keys', () => applyKey(work, account, key, [...path, 'api_keys', i]));
  });
  wanted.groups?.forEach((group, i) => {
    work.item('groups', () => applyGroup(work, account, group, [...path, 'groups', i]));
  });
  wanted.tags?.forEach((tag, i) => {
    work.item('tags', () => applyTag(work, account, tag, [...path, 'tags', i]));
  });
}

function applyKey(
  work: SetupWork,
  account: AccountRow,
  wanted: { title: string; hash: string },
  path: SetupPath,
): void {
  const { tx } = work;
  const digest = digestOf(wanted.hash);
  work.once('API key', `of digest ${digest.slice(0, 8)}`, path);
  requireReadable(wanted.title, [...path, 'title']);
  const old = tx.registry.apiKeyByDigest(digest);
  if (old !== undefined && old.accountId !== account.id) conflict([...path, 'hash'], 'is a key of another account');
  if (tx.registry.sessionByDigest(digest) !== undefined) conflict([...path, 'hash'], 'is in use');
  if (old === undefined && tx.registry.apiKeysOfAccount(account.id).length >= maxKeys) {
    conflict(path, `an account has at most ${maxKeys} keys`);
  }
  const userId = masterOf(tx.registry, account)?.id ?? 0;
  const secret = { digest, prefix: wanted.hash.slice(0, shownKeyCharacters) };
  work.save('apiKey', {
    ...(old ?? { id: tx.nextId('apiKey'), accountId: account.id, userId, ...secret, createdAt: tx.at }),
    title: wanted.title,
  });
}

/** The master user of an account. */
export function masterOf(registry: Registry, account: AccountRow): UserRow | undefined {
  for (const user of registry.all('user')) if (user.master && user.accountId === account.id) return user;
  return undefined;
}

const defaultColor = '1E96DC';

type Named<N extends string> = { readonly [K in N]: string } & { readonly color?: string };

function applyGroup(work: SetupWork, account: AccountRow, wanted: Named<'title'>, path: SetupPath): void {
  const { tx } = work;
  work.once('group', `${account.id}/${wanted.title}`, path);
  requireReadable(wanted.title, [...path, 'title']);
  const old = groupByTitle(tx.registry, account.id, wanted.title);
  const color = (wanted.color ?? old?.color ?? defaultColor).toUpperCase();
  const id = old?.id ?? tx.nextId('group');
  work.save('group', { ...(old ?? { id, accountId: account.id }), title: wanted.title, color });
}

function applyTag(work: SetupWork, account: AccountRow, wanted: Named<'name'>, path: SetupPath): void {
  const { tx } = work;
  work.once('tag', `${account.id}/${wanted.name}`, path);
  requireReadable(wanted.name, [...path, 'name']);
  const old = tagByName(tx.registry, account.id, wanted.name);
  const color = (wanted.color ?? old?.color ?? defaultColor).toUpperCase();
  const id = old?.id ?? tx.nextId('tag');
  work.save('tag', { ...(old ?? { id, accountId: account.id }), name: wanted.name, color });
}

export function groupByTitle(registry: Registry, accountId: number, title: string) {
  for (const group of registry.all('group')) if (group.accountId === accountId && group.title === title) return group;
  return undefined;
}

export function tagByName(registry: Registry, accountId: number, name: string) {
  for (const tag of registry.all('tag')) if (tag.accountId === accountId && tag.name === name) return tag;
  return undefined;
}

/**
 * Changes of the registry that more than one part of the product makes: accounts, their users, trackers. Each is a function over an open
 * transaction; its rules are checked there, where nothing can change in between, and a refusal leaves the transaction untouched.
 */
import { modelByCode } from '../domain/models.js';
import { ownershipOf } from './claims/ending.js';
import type { Transaction } from './contract.js';
import type { AccountRow, SourceRow, TrackerRow, UserRow } from './rows.js';

/** Tariff of a tracker that names none. */
export const defaultTariffId = 1;

/** What was made, or why nothing was. */
export type Outcome<T, R extends string> = ({ readonly ok: true } & T) | { readonly ok: false; readonly reason: R };

const refused = <R extends string>(reason: R): { readonly ok: false; readonly reason: R } => ({ ok: false, reason });

export interface NewAccount {
  /** Login of the master user, unique over all users. */
  readonly login: string;
  /** As `hashPassword` makes it. */
  readonly passwordHash: string;
  readonly operator?: boolean;
  /** IANA zone. */
  readonly timeZone?: string;
  readonly measurementSystem?: UserRow['measurementSystem'];
  readonly locale?: string;
  /** Most trackers the account may register. */
  readonly deviceLimit?: number;
}

export type AccountOutcome = Outcome<{ readonly account: AccountRow; readonly user: UserRow }, 'login_in_use'>;

/** Makes an account with its master user. */
export function createAccount(tx: Transaction, wanted: NewAccount): AccountOutcome {
  if (tx.registry.userByLogin(wanted.login) !== undefined) return refused('login_in_use');
  const account: AccountRow = {
    id: tx.nextId('account'),
    blocked: false,
    createdAt: tx.at,
    ...(wanted.deviceLimit === undefined ? {} : { deviceLimit: wanted.deviceLimit }),
  };
  const user: UserRow = {
    id: tx.nextId('user'),
    accountId: account.id,
    login: wanted.login,
    password: wanted.passwordHash,
    master: true,
    operator: wanted.operator ?? false,
    rights: [],
    blocked: false,
    timeZone: wanted.timeZone ?? 'UTC',
    measurementSystem: wanted.measurementSystem ?? 'metric',
    locale: wanted.locale ?? 'en',
    createdAt: tx.at,
  };
  tx.put('account', account);
  tx.put('user', user);
  return { ok: true, account, user };
}

/** The first administrator: `created` is false when there was one already, and nothing is changed then. */
export interface Administrator {
  readonly user: UserRow;
  readonly created: boolean;
}

/**
 * Makes the first administrator: master user of a new account (number 1 in an empty registry) and operator. Where an operator
 * exists, that one is returned as it is, whatever its login and password are.
 */
export function createAdministrator(
  tx: Transaction,
  wanted: Pick<NewAccount, 'login' | 'passwordHash'>,
): Outcome<Administrator, 'login_in_use'> {
  for (const user of tx.registry.all('user')) if (user.operator) return { ok: true, user, created: false };
  const outcome = createAccount(tx, { ...wanted, operator: true });
  return outcome.ok ? { ok: true, user: outcome.user, created: true } : outcome;
}

/** Gives a user another password (as `hashPassword` makes it) and ends the user's sessions. */
export function setPassword(tx: Transaction, user: UserRow, passwordHash: string): void {
  tx.put('user', { ...user, password: passwordHash });
  for (const session of [...tx.registry.sessionsOfUser(user.id)]) tx.remove('session', session.id);
}

export interface NewTracker {
  readonly accountId: number;
  readonly label: string;
  /** Code of the model catalogue. */
  readonly model: string;
  /** Identity on the wire. Its form is the caller's affair: what a unit says of itself is wider than what the API admits. */
  readonly deviceId: string;
  /** Digits, no `+`. */
  readonly phone?: string | null;
  readonly apn?: NonNullable<SourceRow['apn']>;
  /** 0 for none. */
  readonly groupId?: number;
  readonly tariffId?: number;
  readonly blocked?: boolean;
}

export type TrackerRefusal =
  | 'unknown_account'
  | 'unknown_model'
  /** The model speaks no protocol of ours. */
  | 'unregistrable_model'
  | 'unknown_group'
  | 'device_limit'
  | 'device_id_in_use'
  | 'phone_in_use';

export type TrackerOutcome = Outcome<{ readonly tracker: TrackerRow; readonly source: SourceRow }, TrackerRefusal>;

/** Registers a physical box and the tracker that shows it. Refusals are checked in the order in which they are listed. */
export function registerTracker(tx: Transaction, wanted: NewTracker): TrackerOutcome {
  const reason = trackerRefusal(tx, wanted);
  if (reason !== undefined) return refused(reason);
  return { ok: true, ...addTracker(tx, wanted) };
}

/** Puts the rows of a new box and its tracker. The caller has checked that they may be there. */
export function addTracker(tx: Transaction, wanted: NewTracker): { tracker: TrackerRow; source: SourceRow } {
  const source: SourceRow = {
    id: tx.nextId('source'),
    accountId: wanted.accountId,
    deviceId: wanted.deviceId,
    model: wanted.model,
    protocol: modelByCode(wanted.model)?.protocol ?? '',
    phone: wanted.phone ?? null,
    ...(wanted.apn === undefined ? {} : { apn: wanted.apn }),
    blocked: wanted.blocked ?? false,
    tariffId: wanted.tariffId ?? defaultTariffId,
    createdAt: tx.at,
    ...ownershipOf(tx.registry, wanted),
  };
  const tracker: TrackerRow = {
    id: tx.nextId('tracker'),
    accountId: wanted.accountId,
    sourceId: source.id,
    label: wanted.label,
    clone: false,
    groupId: wanted.groupId ?? 0,
    tagBindings: [],
    createdAt: tx.at,
  };
  tx.put('source', source);
  tx.put('tracker', tracker);
  return { tracker, source };
}

function trackerRefusal(tx: Transaction, wanted: NewTracker): TrackerRefusal | undefined {
  const { registry } = tx;
  const account = registry.get('account', wanted.accountId);
  if (account === undefined) return 'unknown_account';
  const model = modelByCode(wanted.model);
  if (model === undefined) return 'unknown_model';
  if (!model.register || model.protocol === null) return 'unregistrable_model';
  const groupId = wanted.groupId ?? 0;
  if (groupId !== 0 && registry.get('group', groupId)?.accountId !== account.id) return 'unknown_group';
  if (isAtDeviceLimit(tx, account)) return 'device_limit';
  if (registry.sourceByDeviceId(wanted.deviceId) !== undefined) return 'device_id_in_use';
  const phone = wanted.phone ?? null;
  return phone !== null && registry.sourceByPhone(phone) !== undefined ? 'phone_in_use' : undefined;
}

/** Clones and deleted boxes take no place. */
export function isAtDeviceLimit(tx: Transaction, account: AccountRow): boolean {
  if (account.deviceLimit === undefined) return false;
  let count = 0;
  for (const tracker of tx.registry.trackersOfAccount(account.id)) {
    if (!tracker.clone && tx.registry.get('source', tracker.sourceId)?.corrupted !== true) count++;
  }
  return count >= account.deviceLimit;
}

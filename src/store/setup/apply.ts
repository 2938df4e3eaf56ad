/**
 * Applies a setup: creates and updates what it names, deletes nothing, and either does all of it or none. Passwords are hashed before
 * the change begins, and only those that are new.
 */
import type { RegistryStore } from '../contract.js';
import { hashPassword, isPassword } from '../credentials.js';
import type { Registry } from '../registry.js';
import { applyClone, applyTracker, requireAccount } from './devices.js';
import { applyHere } from './here.js';
import { applyLicenseSpring, licensePasswords } from './licensespring.js';
import { SetupError, type SetupPath } from './problem.js';
import type { SetupFile } from './read.js';
import type { Setup, SetupAccount, SetupSubUser } from './schema.js';
import { applyActivationCode, applyBundle, applyRule, applySim, applyTariff, applyVehicle } from './stock.js';
import { applyAccount, applyBelongings, applySubUser } from './users.js';
import { type Section, type SessionToEnd, SetupWork, type Tally } from './work.js';

/** What applying a setup did. */
export interface SetupReport {
  readonly sections: Readonly<Partial<Record<Section, Tally>>>;
  /** True when something is not as it was. */
  readonly isChanged: boolean;
  readonly sessionsToEnd: readonly SessionToEnd[];
}

/** Throws `SetupError` (nothing is changed then), or `StoreError`. */
export async function applySetup(store: RegistryStore, file: SetupFile): Promise<SetupReport> {
  const hashes = await newPasswordHashes(store.registry, usersOf(file.setup));
  const { licensespring } = file.setup;
  const passwords = licensePasswords(licensespring);
  const passwordHashes = await newLicenseHashes(store.registry, passwords);
  const secrets = { secrets: store.secrets, passwords, passwordHashes };
  try {
    return await store.change((tx) => {
      const work = new SetupWork(tx, hashes);
      applyAll(work, file.setup);
      if (licensespring !== undefined) applyLicenseSpring(work, secrets, licensespring);
      if (file.setup.here !== undefined) applyHere(work, store.secrets, file.setup.here);
      const sections = Object.fromEntries(work.tallies);
      const isChanged = [...work.tallies.values()].some(({ created, updated }) => created + updated > 0);
      return { sections, isChanged, sessionsToEnd: work.sessionsToEnd };
    });
  } catch (error) {
    throw error instanceof SetupError ? file.located(error.faults) : error;
  }
}

/** What is referred to comes first. */
function applyAll(work: SetupWork, setup: Setup): void {
  each(work, 'tariffs', setup.tariffs, applyTariff);
  const accounts = each(work, 'accounts', setup.accounts, applyAccount);
  setup.accounts?.forEach((account, i) => {
    const row = accounts[i];
    if (row === undefined) return;
    const path = ['accounts', i];
    applyBelongings(work, row, account, path);
    account.trackers?.forEach((tracker, j) => {
      work.item('trackers', () => applyTracker(work, row, tracker, [...path, 'trackers', j]));
    });
  });
  each(work, 'clones', setup.clones, applyClone);
  applySubUsers(work, setup.accounts ?? []);
  each(work, 'sims', setup.sims, applySim);
  each(work, 'activation_codes', setup.activation_codes, applyActivationCode);
  each(work, 'bundles', setup.bundles, applyBundle);
  each(work, 'rules', setup.rules, applyRule);
  each(work, 'vehicles', setup.vehicles, applyVehicle);
}

/** After all devices and clones: users may be restricted to some. */
function applySubUsers(work: SetupWork, accounts: readonly SetupAccount[]): void {
  accounts.forEach((account, i) => {
    account.sub_users?.forEach((user, j) => {
      const row = requireAccount(work.tx.registry, account.login, ['accounts', i, 'login']);
      work.item('sub_users', () => applySubUser(work, row, user, ['accounts', i, 'sub_users', j]));
    });
  });
}

function each<T, R>(
  work: SetupWork,
  section: Section,
  items: readonly T[] | undefined,
  apply: (work: SetupWork, item: T, path: SetupPath) => R,
): R[] {
  return (items ?? []).map((item, i) => work.item(section, () => apply(work, item, [section, i])));
}

function usersOf(setup: Setup): (SetupAccount | SetupSubUser)[] {
  return (setup.accounts ?? []).flatMap((account) => [account, ...(account.sub_users ?? [])]);
}

/** Hashing fills threads of the pool, and the gateway needs some for itself. */
const hashesAtOnce = 2;

/** Where a user with a password may be found. */
interface UsersByLogin {
  userByLogin(login: string): { readonly password: string } | undefined;
}

/** The same for users of licences, by e-mail address in lower case. */
function newLicenseHashes(
  { licensing }: Registry,
  passwords: ReadonlyMap<string, string>,
): Promise<Map<string, string>> {
  const users = [...passwords].map(([login, password]) => ({ login, password }));
  return newPasswordHashes({ userByLogin: (email) => licensing.userByEmail(email) }, users);
}

/** Hashes of the passwords that are not those the users have, by login in lower case. */
export async function newPasswordHashes(
  registry: UsersByLogin,
  users: readonly { readonly login: string; readonly password?: string }[],
): Promise<Map<string, string>> {
  const hashes = new Map<string, string>();
  const waiting = [...users];
  const work = async () => {
    for (let user = waiting.shift(); user !== undefined; user = waiting.shift()) {
      const { login, password } = user;
      const stored = registry.userByLogin(login)?.password;
      if (password === undefined || (stored !== undefined && (await isPassword(password, stored)))) continue;
      hashes.set(login.toLowerCase(), await hashPassword(password));
    }
  };
  await Promise.all(Array.from({ length: hashesAtOnce }, work));
  return hashes;
}

/**
 * The licence API as a setup declares it. What refers to products comes after them. Users that a setup no longer names stay with their
 * licence, like everything else.
 */

import { blacklistId } from '../licensing/find.js';
import { nextLicensingId } from '../licensing/ids.js';
import type { LicenseApiKeyRow, LicenseProductRow, LicenseRow, LicenseUserRow } from '../licensing/rows.js';
import type { Registry } from '../registry.js';
import type { Secrets } from '../secret-box.js';
import { utcMs } from './dates.js';
import type {
  SetupBlacklistEntry,
  SetupLicense,
  SetupLicenseApiKey,
  SetupLicenseProduct,
  SetupLicenseSpring,
  SetupLicenseUser,
} from './licensespring-schema.js';
import { conflict, fault, type SetupPath } from './problem.js';
import { given, requireReadable, type SetupWork } from './work.js';

/** Secrets in the form in which they are kept. */
export interface LicenseSecrets {
  readonly secrets: Secrets;
  /** Passwords as they are given, by e-mail address in lower case. */
  readonly passwords: ReadonlyMap<string, string>;
  /** Hashes of those that are new. */
  readonly passwordHashes: ReadonlyMap<string, string>;
}

type LicenseTable = 'licenseProduct' | 'license' | 'licenseUser';

export function applyLicenseSpring(work: SetupWork, secrets: LicenseSecrets, setup: SetupLicenseSpring): void {
  const root = ['licensespring'];
  setup.products?.forEach(({ licenses, ...wanted }, i) => {
    const path = [...root, 'products', i];
    const product = work.item('licensespring_products', () => applyProduct(work, wanted, path));
    const namedIds = new Set(licenses?.flatMap(({ id }) => id ?? []));
    licenses?.forEach((license, j) => {
      applyLicense(work, secrets, { product, wanted: license, namedIds, path: [...path, 'licenses', j] });
    });
  });
  setup.api_keys?.forEach((wanted, i) => {
    work.item('licensespring_api_keys', () => applyApiKey(work, secrets, wanted, [...root, 'api_keys', i]));
  });
  setup.blacklist?.forEach((wanted, i) => {
    work.item('licensespring_blacklist', () => applyBlacklist(work, wanted, [...root, 'blacklist', i]));
  });
}

/** Passwords that a setup gives to users, by e-mail address in lower case; of two for one user the first. */
export function licensePasswords(setup: SetupLicenseSpring | undefined): Map<string, string> {
  const licenses = (setup?.products ?? []).flatMap((product) => product.licenses ?? []);
  const passwords = new Map<string, string>();
  for (const { email, password } of licenses.flatMap((license) => license.users ?? [])) {
    const key = email.toLowerCase();
    if (password !== undefined && !passwords.has(key)) passwords.set(key, password);
  }
  return passwords;
}

/** A product, found by its code, or a new one. */
function applyProduct(work: SetupWork, wanted: SetupLicenseProduct, path: SetupPath): LicenseProductRow {
  const { licensing } = work.tx.registry;
  work.once('product', wanted.code, [...path, 'code']);
  for (const key of ['code', 'name'] as const) {
    if (wanted[key] !== undefined) requireReadable(wanted[key], [...path, key]);
  }
  const old = licensing.productByCode(wanted.code);
  const method =
    wanted.authorization_method ?? old?.method ?? fault([...path, 'authorization_method'], 'is missing: it is new');
  if (old !== undefined && old.method !== method && licensing.licensesOfProduct(old.id).length > 0) {
    conflict([...path, 'authorization_method'], 'cannot be changed: there are licences');
  }
  return work.save('licenseProduct', {
    id: idFor(work, 'licenseProduct', { wanted: wanted.id, old: old?.id, path }),
    code: wanted.code,
    name: wanted.name ?? old?.name ?? wanted.code,
    method,
    enabled: wanted.enabled ?? old?.enabled ?? true,
    archived: wanted.archived ?? old?.archived ?? false,
  });
}

interface IdWish {
  readonly wanted: number | undefined;
  readonly old: number | undefined;
  readonly path: SetupPath;
}

/** The id of a row: the one it has, the one that is wanted, or a new one. Ids do not change. */
function idFor({ tx }: SetupWork, table: LicenseTable, { wanted, old, path }: IdWish): number {
  if (wanted !== undefined && old !== undefined && wanted !== old) conflict([...path, 'id'], 'cannot be changed');
  const isTaken = (id: number) => tx.registry.get(table, id) !== undefined;
  if (old === undefined && wanted !== undefined && isTaken(wanted)) conflict([...path, 'id'], 'is taken');
  return old ?? wanted ?? nextLicensingId(tx, isTaken);
}

/** A key, found by itself, or a new one. */
function applyApiKey(
  work: SetupWork,
  { secrets }: LicenseSecrets,
  wanted: SetupLicenseApiKey,
  path: SetupPath,
): LicenseApiKeyRow {
  const { registry } = work.tx;
  work.once('API key', wanted.key, [...path, 'key']);
  const old = registry.get('licenseApiKey', wanted.key);
  const sharedKey = sealed(secrets, wanted.shared_key, old?.sharedKey);
  const productIds = wanted.products?.map((code, i) => requireProduct(registry, code, [...path, 'products', i]).id);
  return work.save('licenseApiKey', {
    ...old,
    id: wanted.key,
    sharedKey: sharedKey ?? fault([...path, 'shared_key'], 'is missing: the key is new'),
    readOnly: wanted.read_only ?? old?.readOnly ?? false,
    revoked: wanted.revoked ?? old?.revoked ?? false,
    ...given<Pick<LicenseApiKeyRow, 'productIds'>>({ productIds }),
  });
}

/** Sealing makes another text each time: a secret that is the same keeps the one it has. */
function sealed(secrets: Secrets, wanted: string | undefined, old: string | undefined): string | undefined {
  if (wanted === undefined) return old;
  return old !== undefined && opened(secrets, old) === wanted ? old : secrets.seal(wanted);
}

/** A secret whose key was lost is set anew. */
function opened(secrets: Secrets, old: string): string | undefined {
  try {
    return secrets.open(old);
  } catch {
    return undefined;
  }
}

function requireProduct(registry: Registry, code: string, path: SetupPath): LicenseProductRow {
  return registry.licensing.productByCode(code) ?? fault(path, 'there is no such product');
}

interface LicenseToApply {
  readonly product: LicenseProductRow;
  readonly wanted: SetupLicense;
  /** Ids that the setup gives to licences of the product: what names none means none of these. */
  readonly namedIds: ReadonlySet<number>;
  readonly path: SetupPath;
}

/** A licence of a product with its users. */
function applyLicense(work: SetupWork, secrets: LicenseSecrets, apply: LicenseToApply): LicenseRow {
  const { wanted, path } = apply;
  const old = knownLicense(work, apply);
  const users = wanted.users?.map((user, i) =>
    work.item('licensespring_users', () => applyUser(work, secrets, user, [...path, 'users', i])),
  );
  const userIds = users?.map(({ id }) => id);
  return work.item('licensespring_licenses', () => saveLicense(work, apply, old, userIds));
}

/** Found by its key, its id or its first user. Throws `SetupError` where it is addressed in no way, or in one of another product. */
function knownLicense(work: SetupWork, apply: LicenseToApply): LicenseRow | undefined {
  const { product, wanted, path } = apply;
  const { registry } = work.tx;
  const old = product.method === 'user' ? ofUser(work, apply) : ofKey(work, apply);
  const named = wanted.id === undefined ? undefined : registry.get('license', wanted.id);
  if (wanted.id !== undefined) work.once('license id', wanted.id, [...path, 'id']);
  const found = old ?? named;
  if (found !== undefined && found.productId !== product.id) conflict(path, 'is a licence of another product');
  if (old === undefined && named !== undefined && wanted.key !== undefined)
    conflict([...path, 'key'], 'cannot be changed');
  return found;
}

function ofKey(work: SetupWork, { wanted, path }: LicenseToApply): LicenseRow | undefined {
  if (wanted.users !== undefined) fault([...path, 'users'], 'the product is key-based');
  if (wanted.key === undefined) return fault([...path, 'key'], 'is missing: the product is key-based');
  requireReadable(wanted.key, [...path, 'key']);
  work.once('license key', wanted.key, [...path, 'key']);
  return work.tx.registry.licensing.licenseByKey(wanted.key);
}

function ofUser(work: SetupWork, { product, wanted, path, namedIds }: LicenseToApply): LicenseRow | undefined {
  if (wanted.key !== undefined) fault([...path, 'key'], 'the product is user-based');
  if (wanted.id !== undefined) return undefined;
  const email = wanted.users?.[0]?.email ?? fault([...path, 'users'], 'is missing: the product is user-based');
  work.once('license of', `${email.toLowerCase()} in ${product.code}`, [...path, 'users', 0]);
  const { licensing } = work.tx.registry;
  const user = licensing.userByEmail(email);
  const licenses = user === undefined ? [] : licensing.licensesOfUser(user.id);
  const ofProduct = licenses.filter(
    ({ id, productId, userIds }) => productId === product.id && userIds?.[0] === user?.id && !namedIds.has(id),
  );
  if (ofProduct.length > 1)
    conflict([...path, 'users', 0], 'has several licences of the product: an id has to say which');
  return ofProduct[0];
}

function saveLicense(
  work: SetupWork,
  { product, wanted, path }: LicenseToApply,
  old: LicenseRow | undefined,
  users: readonly number[] | undefined,
): LicenseRow {
  if (product.method === 'user' && old === undefined && users === undefined) fault([...path, 'users'], 'is missing');
  const userIds = users === undefined ? old?.userIds : [...new Set([...(old?.userIds ?? []), ...users])];
  const validUntil = wanted.validity_period === undefined ? old?.validUntil : utcMs(wanted.validity_period);
  if (Number.isNaN(validUntil)) fault([...path, 'validity_period'], 'is no date');
  return work.save('license', {
    ...(old ?? { timesActivated: 0, transferCount: 0, createdAt: work.tx.at }),
    ...{ id: idFor(work, 'license', { wanted: wanted.id, old: old?.id, path }), productId: product.id },
    ...given<Pick<LicenseRow, 'key' | 'userIds' | 'validUntil'>>({ key: wanted.key ?? old?.key, userIds, validUntil }),
    type: wanted.type ?? old?.type ?? 'perpetual',
    enabled: wanted.enabled ?? old?.enabled ?? true,
    active: wanted.active ?? old?.active ?? false,
    maxActivations: wanted.max_activations ?? old?.maxActivations ?? 1,
    unlimited: wanted.allow_unlimited_activations ?? old?.unlimited ?? false,
  });
}

/** A user, found by e-mail address, or a new one. The same one may stand in several licences. */
function applyUser(
  work: SetupWork,
  { passwords, passwordHashes }: LicenseSecrets,
  wanted: SetupLicenseUser,
  path: SetupPath,
): LicenseUserRow {
  const old = work.tx.registry.licensing.userByEmail(wanted.email);
  for (const key of ['email', 'first_name', 'last_name', 'phone'] as const) {
    if (wanted[key] !== undefined) requireReadable(wanted[key], [...path, key]);
  }
  const key = wanted.email.toLowerCase();
  if ((wanted.password ?? passwords.get(key)) !== passwords.get(key)) {
    fault([...path, 'password'], 'the user has another one above');
  }
  const password = passwordHashes.get(key) ?? old?.password;
  return work.save('licenseUser', {
    id: idFor(work, 'licenseUser', { wanted: undefined, old: old?.id, path }),
    email: old?.email ?? wanted.email,
    password: password ?? fault([...path, 'password'], 'is missing: the user is new'),
    firstName: wanted.first_name ?? old?.firstName ?? '',
    lastName: wanted.last_name ?? old?.lastName ?? '',
    phone: wanted.phone ?? old?.phone ?? '',
  });
}

function applyBlacklist(work: SetupWork, entry: SetupBlacklistEntry, path: SetupPath): void {
  const { hardware_id: hardwareId, product: code } = typeof entry === 'string' ? { hardware_id: entry } : entry;
  requireReadable(hardwareId, typeof entry === 'string' ? path : [...path, 'hardware_id']);
  const productId = code === undefined ? undefined : requireProduct(work.tx.registry, code, [...path, 'product']).id;
  const id = blacklistId(hardwareId, productId);
  work.once('blacklist entry', id, path);
  work.save('licenseBlacklist', { id, hardwareId, ...(productId === undefined ? {} : { productId }) });
}

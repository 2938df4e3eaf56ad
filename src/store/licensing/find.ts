/**
 * From what a request names to its product, licence and device: the checks that calls of the licence API share, in their order.
 */
import type { Outcome } from '../accounts.js';
import type { Registry } from '../registry.js';
import type { LicenseDeviceRow, LicenseProductRow, LicenseRow, LicenseUserRow } from './rows.js';

/** Why a request is refused, in the words of the API. */
export type LicenseRefusal =
  | 'missing_parameters'
  | 'unknown_product'
  | 'license_not_found'
  | 'license_not_active'
  | 'license_not_enabled'
  | 'device_not_found'
  | 'blacklisted'
  | 'disabled_product'
  | 'archived_product'
  | 'api_key_product_not_allowed'
  | 'license_activated_max_times';

/** What a request says of the licence it means. */
export interface LicenseWanted {
  /** Code of the product. */
  readonly product: string;
  readonly hardwareId: string;
  readonly licenseKey?: string | undefined;
  readonly username?: string | undefined;
  readonly licenseId?: number | undefined;
}

export interface FoundLicense {
  readonly product: LicenseProductRow;
  readonly license: LicenseRow;
  /** Of user-based licences. */
  readonly user?: LicenseUserRow;
}

export interface FoundDevice extends FoundLicense {
  readonly device: LicenseDeviceRow;
}

export const refuse = <R extends LicenseRefusal>(reason: R): { readonly ok: false; readonly reason: R } => ({
  ok: false,
  reason,
});

/** Of a user name the part that names the user: clients add more behind a bar. */
export function userPart(username: string): string {
  return username.split('|', 1)[0] ?? username;
}

/** Product and licence. What the product does not ask for is not looked at. */
export function findLicense(registry: Registry, wanted: LicenseWanted): Outcome<FoundLicense, LicenseRefusal> {
  const product = registry.licensing.productByCode(wanted.product);
  if (product === undefined) return refuse('unknown_product');
  return product.method === 'user' ? byUser(registry, product, wanted) : byKey(registry, product, wanted);
}

function byKey(
  registry: Registry,
  product: LicenseProductRow,
  wanted: LicenseWanted,
): Outcome<FoundLicense, LicenseRefusal> {
  if (wanted.licenseKey === undefined) return refuse('missing_parameters');
  const license = registry.licensing.licenseByKey(wanted.licenseKey);
  const isMeant = license !== undefined && license.productId === product.id && isNarrowed(license, wanted);
  return isMeant ? { ok: true, product, license } : refuse('license_not_found');
}

function byUser(
  registry: Registry,
  product: LicenseProductRow,
  wanted: LicenseWanted,
): Outcome<FoundLicense, LicenseRefusal> {
  if (wanted.username === undefined) return refuse('missing_parameters');
  const user = registry.licensing.userByEmail(userPart(wanted.username));
  if (user === undefined) return refuse('license_not_found');
  const licenses = registry.licensing
    .licensesOfUser(user.id)
    .filter((license) => license.productId === product.id && isNarrowed(license, wanted));
  const license = chosen(registry, licenses, wanted.hardwareId);
  return license === undefined ? refuse('license_not_found') : { ok: true, product, license, user };
}

function isNarrowed(license: LicenseRow, { licenseId }: LicenseWanted): boolean {
  return licenseId === undefined || license.id === licenseId;
}

/** Of several licences the one that is active on this hardware; where none or several are, the one activated last. */
function chosen(registry: Registry, licenses: readonly LicenseRow[], hardwareId: string): LicenseRow | undefined {
  if (licenses.length <= 1) return licenses[0];
  const here = licenses.filter(({ id }) => registry.licensing.device(id, hardwareId)?.active === true);
  const [latest] = [...(here.length === 0 ? licenses : here)].sort(byActivation);
  return latest;
}

/** The latest first; those never activated last, in the order in which they were made. */
function byActivation(left: LicenseRow, right: LicenseRow): number {
  return (right.activatedAt ?? 0) - (left.activatedAt ?? 0) || left.createdAt - right.createdAt || left.id - right.id;
}

/** Product, licence and active device, all fit for use. */
export function findDevice(registry: Registry, wanted: LicenseWanted): Outcome<FoundDevice, LicenseRefusal> {
  const found = findLicense(registry, wanted);
  if (!found.ok) return found;
  const { license, product } = found;
  if (!license.active) return refuse('license_not_active');
  if (!license.enabled) return refuse('license_not_enabled');
  const device = registry.licensing.device(license.id, wanted.hardwareId);
  if (device?.blacklisted === true || isBlacklisted(registry, wanted.hardwareId, product.id))
    return refuse('blacklisted');
  if (device?.active !== true) return refuse('device_not_found');
  return { ...found, device };
}

/** Whether hardware is on the blacklist, for this product or for all. */
export function isBlacklisted(registry: Registry, hardwareId: string, productId: number): boolean {
  return [blacklistId(hardwareId), blacklistId(hardwareId, productId)].some(
    (id) => registry.get('licenseBlacklist', id) !== undefined,
  );
}

/** Whether hardware is on the blacklist for any product, or any of its devices is. */
export function isAnywhereBlacklisted({ licensing }: Registry, hardwareId: string): boolean {
  if (licensing.blacklistOf(hardwareId).length > 0) return true;
  return licensing.devicesOfHardware(hardwareId).some(({ blacklisted }) => blacklisted);
}

export function blacklistId(hardwareId: string, productId = 0): string {
  return `${productId}:${hardwareId}`;
}

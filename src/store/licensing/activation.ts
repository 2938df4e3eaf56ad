/**
 * Activation makes a device of a licence and a piece of hardware, deactivation puts it to rest. Each is a function over an open
 * transaction; a refusal leaves the transaction untouched.
 */
import type { Outcome } from '../accounts.js';
import type { Transaction } from '../contract.js';
import { type FoundDevice, type FoundLicense, isBlacklisted, type LicenseRefusal, refuse } from './find.js';
import { nextLicensingId } from './ids.js';
import type { DeviceFacts, LicenseApiKeyRow, LicenseDeviceRow, LicenseRow } from './rows.js';

export interface Activation {
  readonly hardwareId: string;
  /** Who asks: the key may be for some products only. */
  readonly apiKey: LicenseApiKeyRow;
  readonly facts: DeviceFacts;
}

/** Activates hardware, or finds that it is active already. Refusals are checked in the order of the API. */
export function activate(
  tx: Transaction,
  found: FoundLicense,
  wanted: Activation,
): Outcome<FoundDevice, LicenseRefusal> {
  const known = tx.registry.licensing.device(found.license.id, wanted.hardwareId);
  const reason = hindrance(tx, found, wanted, known);
  if (reason !== undefined) return refuse(reason);
  const device = activeDevice(tx, found.license, wanted, known);
  const license: LicenseRow = {
    ...found.license,
    active: true,
    timesActivated: found.license.timesActivated + (known === undefined ? 1 : 0),
    ...(known?.active === true ? {} : { activatedAt: tx.at }),
  };
  if (known?.active !== true || !found.license.active) tx.put('license', license);
  return { ok: true, ...found, license, device };
}

function hindrance(
  { registry }: Transaction,
  { license, product }: FoundLicense,
  { apiKey, hardwareId }: Activation,
  known: LicenseDeviceRow | undefined,
): LicenseRefusal | undefined {
  if (!license.enabled) return 'license_not_enabled';
  if (!product.enabled) return 'disabled_product';
  if (product.archived) return 'archived_product';
  if (apiKey.productIds?.includes(product.id) === false) return 'api_key_product_not_allowed';
  if (known?.blacklisted === true || isBlacklisted(registry, hardwareId, product.id)) return 'blacklisted';
  const isFull = !license.unlimited && license.timesActivated >= license.maxActivations;
  return known === undefined && isFull ? 'license_activated_max_times' : undefined;
}

function activeDevice(
  tx: Transaction,
  license: LicenseRow,
  { hardwareId, facts }: Activation,
  known: LicenseDeviceRow | undefined,
): LicenseDeviceRow {
  const told = { ...known?.facts, ...facts };
  const hasFacts = Object.keys(told).length > 0;
  const isTold = Object.entries(facts).every(([name, value]) => known?.facts?.[name] === value);
  if (known?.active === true && isTold) return known;
  const device: LicenseDeviceRow = {
    id: known?.id ?? nextLicensingId(tx, (id) => tx.registry.get('licenseDevice', id) !== undefined),
    licenseId: license.id,
    hardwareId,
    active: true,
    blacklisted: false,
    activatedAt: known?.active === true ? known.activatedAt : tx.at,
    ...(hasFacts ? { facts: told } : {}),
  };
  tx.put('licenseDevice', device);
  return device;
}

/** Puts a device to rest. Its variables are kept for the day it is activated again. */
export function deactivate(tx: Transaction, { license, device }: FoundDevice): void {
  tx.put('licenseDevice', { ...device, active: false });
  tx.put('license', { ...license, transferCount: license.transferCount + 1 });
}

/** Deletes a device with its variables. */
export function deleteDevice(tx: Transaction, device: LicenseDeviceRow): void {
  for (const { id } of [...tx.registry.licensing.variablesOfDevice(device.id)]) tx.remove('deviceVariable', id);
  tx.remove('licenseDevice', device.id);
}

/** Deletes a licence with its devices and their variables. Its users stay. */
export function deleteLicense(tx: Transaction, license: LicenseRow): void {
  for (const device of [...tx.registry.licensing.devicesOfLicense(license.id)]) deleteDevice(tx, device);
  tx.remove('license', license.id);
}

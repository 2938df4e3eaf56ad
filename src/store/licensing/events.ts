/**
 * What became of device variables and of the blacklist, for whoever passes it on: made of the rows that a commit has kept.
 */
import type { Registry } from '../registry.js';
import type { RowChange } from '../rows.js';
import type { DeviceVariableRow, LicenseBlacklistRow, LicenseDeviceRow } from './rows.js';

/** Variables of one device that were set together. */
export interface DeviceVariablesEvent {
  /** Hardware id: the wire identity where the hardware is a unit. */
  readonly deviceId: string;
  /** Code of the product; empty when it has gone meanwhile. */
  readonly product: string;
  /** Names, in the order in which they were set. */
  readonly changed: readonly string[];
  /** When, ms since 1970 UTC. */
  readonly at: number;
  /** The source that shows them; absent where the hardware is no registered unit. */
  readonly sourceId?: number;
  /** Of the claim on it; absent where it is not claimed. */
  readonly trackingId?: string;
}

/** Units that these changes put on the blacklist. */
export function unitsBlacklisted(registry: Registry, changes: readonly RowChange[]): number[] {
  return changes.flatMap(({ table, row }) => {
    const isListed = row !== null && table === 'licenseBlacklist';
    const isDevice = row !== null && table === 'licenseDevice' && (row as LicenseDeviceRow).blacklisted;
    if (!isListed && !isDevice) return [];
    const source = registry.sourceByDeviceId((row as LicenseBlacklistRow | LicenseDeviceRow).hardwareId);
    return source === undefined ? [] : [source.id];
  });
}

/** The events behind changed rows, one a device and time. */
export function deviceVariablesEvents(registry: Registry, changes: readonly RowChange[]): DeviceVariablesEvent[] {
  const groups = new Map<string, DeviceVariableRow[]>();
  for (const { table, row } of changes) {
    if (table !== 'deviceVariable' || row === null) continue;
    const variable = row as DeviceVariableRow;
    const key = `${variable.deviceId}/${variable.createdAt}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [variable]);
    else group.push(variable);
  }
  return [...groups.values()].map((rows) => eventOf(registry, rows));
}

function eventOf(registry: Registry, rows: readonly DeviceVariableRow[]): DeviceVariablesEvent {
  const [first] = rows as [DeviceVariableRow];
  const device = registry.get('licenseDevice', first.deviceId);
  const license = device === undefined ? undefined : registry.get('license', device.licenseId);
  const product = license === undefined ? undefined : registry.get('licenseProduct', license.productId);
  const source = registry.sourceByDeviceId(first.hardwareId);
  const claim = source === undefined ? undefined : registry.claims.openClaimOfSource(source.id);
  return {
    deviceId: first.hardwareId,
    product: product?.code ?? '',
    changed: [...new Set(rows.map(({ name }) => name))],
    at: first.createdAt,
    ...(source === undefined ? {} : { sourceId: source.id }),
    ...(claim === undefined ? {} : { trackingId: claim.id }),
  };
}

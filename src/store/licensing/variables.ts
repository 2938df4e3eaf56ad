/**
 * Setting and showing device variables: name and value on a licence device, the last write wins. Units show those of their hardware, but
 * none that was set before the hardware came to whoever has it now.
 */
import type { Outcome } from '../accounts.js';
import type { Transaction } from '../contract.js';
import type { Registry } from '../registry.js';
import type { RowChange, SourceRow } from '../rows.js';
import { nextLicensingId } from './ids.js';
import type { DeviceVariableRow, LicenseDeviceRow, VariableValue } from './rows.js';

/** Most variables of one device. */
export const maxVariablesPerDevice = 500;

const none: readonly DeviceVariableRow[] = [];

/** Sets variables, all or none. Returns their rows in the order given. */
export function setVariables(
  tx: Transaction,
  device: LicenseDeviceRow,
  variables: ReadonlyMap<string, VariableValue>,
): Outcome<{ readonly rows: readonly DeviceVariableRow[] }, 'too_many_variables'> {
  const { licensing } = tx.registry;
  const known = [...variables.keys()].filter((name) => licensing.variable(device.id, name) !== undefined);
  const count = licensing.variablesOfDevice(device.id).length + variables.size - known.length;
  if (count > maxVariablesPerDevice && known.length < variables.size)
    return { ok: false, reason: 'too_many_variables' };
  const rows = [...variables].map(([name, value]): DeviceVariableRow => {
    const id = licensing.variable(device.id, name)?.id ?? nextVariableId(tx);
    return { id, deviceId: device.id, hardwareId: device.hardwareId, name, value, createdAt: tx.at };
  });
  for (const row of rows) tx.put('deviceVariable', row);
  return { ok: true, rows };
}

function nextVariableId(tx: Transaction): number {
  return nextLicensingId(tx, (id) => tx.registry.get('deviceVariable', id) !== undefined);
}

/** What a unit shows: the newest of each name, by name. The same array as long as nothing has changed. */
export function variablesOfUnit(registry: Registry, source: SourceRow): readonly DeviceVariableRow[] {
  const { shown } = registry.licensing;
  if (source.corrupted === true || !shown.has(source.deviceId)) return none;
  return shown.of(source.deviceId, registry.lastEndOf(source.deviceId));
}

/** Units that may show something else now. `changes` hold the rows of before and after. */
export function unitsShowing(registry: Registry, changes: readonly RowChange[]): Set<number> {
  const sourceIds = new Set<number>();
  for (const { table, row } of changes) {
    if (row === null || (table !== 'deviceVariable' && table !== 'licenseDevice')) continue;
    const source = registry.sourceByDeviceId((row as DeviceVariableRow | LicenseDeviceRow).hardwareId);
    if (source !== undefined) sourceIds.add(source.id);
  }
  return sourceIds;
}

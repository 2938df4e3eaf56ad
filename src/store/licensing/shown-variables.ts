/**
 * The variables that a unit shows: those of all active licence devices of its hardware, of each name the newest. They are asked for with
 * every state, far more often than they change, so the list of each unit is kept, and it is the same array until something changes.
 */
import type { RowIndex } from '../row-index.js';
import type { TableName, Tables } from '../rows.js';
import type { DeviceVariableRow, LicenseDeviceRow } from './rows.js';

/** One piece of hardware. */
class Hardware {
  readonly variables = new Map<number, DeviceVariableRow>();
  readonly activeDevices = new Set<number>();
  /** The last list, and since when its variables count. */
  shown: { readonly afterMs: number; readonly list: readonly DeviceVariableRow[] } | undefined;

  get isEmpty(): boolean {
    return this.variables.size === 0 && this.activeDevices.size === 0;
  }
}

const none: readonly DeviceVariableRow[] = [];

export class ShownVariables {
  readonly #hardware = new Map<string, Hardware>();
  /** Told of every licence device. */
  readonly ofDevices: RowIndex = this.#index((hardware, row: LicenseDeviceRow, isThere) => {
    if (isThere && row.active) hardware.activeDevices.add(row.id);
    else hardware.activeDevices.delete(row.id);
  });
  /** Told of every variable. */
  readonly ofVariables: RowIndex = this.#index((hardware, row: DeviceVariableRow, isThere) => {
    if (isThere) hardware.variables.set(row.id, row);
    else hardware.variables.delete(row.id);
  });

  /** Whether there may be any. */
  has(hardwareId: string): boolean {
    return (this.#hardware.get(hardwareId)?.variables.size ?? 0) > 0;
  }

  /** When the last variable of hardware was set, those of devices at rest included, ms since 1970 UTC; 0 where there is none. */
  newestAt(hardwareId: string): number {
    let newestAt = 0;
    for (const { createdAt } of this.#hardware.get(hardwareId)?.variables.values() ?? []) {
      newestAt = Math.max(newestAt, createdAt);
    }
    return newestAt;
  }

  /** By name, those set after `afterMs` only. The same array as long as nothing has changed. */
  of(hardwareId: string, afterMs: number): readonly DeviceVariableRow[] {
    const hardware = this.#hardware.get(hardwareId);
    if (hardware === undefined || hardware.variables.size === 0) return none;
    if (hardware.shown?.afterMs !== afterMs) hardware.shown = { afterMs, list: newestOf(hardware, afterMs) };
    return hardware.shown.list;
  }

  #index<R extends { readonly hardwareId: string }>(
    change: (hardware: Hardware, row: R, isThere: boolean) => void,
  ): RowIndex {
    const tell = (row: R, isThere: boolean) => {
      const hardware = this.#hardware.get(row.hardwareId) ?? new Hardware();
      hardware.shown = undefined;
      change(hardware, row, isThere);
      if (hardware.isEmpty) this.#hardware.delete(row.hardwareId);
      else this.#hardware.set(row.hardwareId, hardware);
    };
    return {
      add: (row: Tables[TableName]) => tell(row as unknown as R, true),
      remove: (row: Tables[TableName]) => tell(row as unknown as R, false),
    };
  }
}

function newestOf(hardware: Hardware, afterMs: number): readonly DeviceVariableRow[] {
  const newest = new Map<string, DeviceVariableRow>();
  for (const row of hardware.variables.values()) {
    if (!hardware.activeDevices.has(row.deviceId) || row.createdAt <= afterMs) continue;
    const other = newest.get(row.name);
    if (other === undefined || isNewer(row, other)) newest.set(row.name, row);
  }
  return [...newest.values()].sort(byName);
}

/** Of two set at the same time, the one made later. */
function isNewer(row: DeviceVariableRow, other: DeviceVariableRow): boolean {
  return row.createdAt === other.createdAt ? row.id > other.id : row.createdAt > other.createdAt;
}

/** Order of variables in lists: that of the UTF-16 units of their names. */
export function byName(left: DeviceVariableRow, right: DeviceVariableRow): number {
  return left.name < right.name ? -1 : left.name > right.name ? 1 : 0;
}

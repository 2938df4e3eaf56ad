/**
 * How trackers go: a box is deleted for good together with every tracker that shows it, a clone goes alone. Each operation is a function
 * over an open transaction.
 */
import { endClaimOfSource } from './claims/ending.js';
import type { Transaction } from './contract.js';
import type { Registry } from './registry.js';
import type { SourceRow, TrackerRow } from './rows.js';

/**
 * Deletes a box for good. Its identity and its number are free again, a claim of it ends, commands that wait for it are taken back; its
 * history stays.
 */
export function corruptSource(tx: Transaction, source: SourceRow): void {
  endClaimOfSource(tx, source.id);
  for (const row of [...tx.registry.openCommandsOfSource(source.id)]) {
    tx.put('command', { ...row, state: 'cancelled', endedAt: tx.at });
  }
  // A clock that was set back must not show the next owner what this one has set.
  const corruptedAt = Math.max(tx.at, tx.registry.licensing.shown.newestAt(source.deviceId));
  tx.put('source', { ...source, corrupted: true, corruptedAt });
}

/** What keeps a tracker from being deleted: ids of rules and vehicles, in order. */
export interface Ties {
  readonly rules: readonly number[];
  readonly vehicles: readonly number[];
}

export function tiesOf(registry: Registry, trackerId: number): Ties {
  const rules = [...registry.all('rule')].filter((rule) => rule.trackerIds.includes(trackerId));
  const vehicles = [...registry.all('vehicle')].filter(
    (vehicle) => vehicle.trackerId === trackerId || vehicle.otherTrackerIds?.includes(trackerId) === true,
  );
  return { rules: idsOf(rules), vehicles: idsOf(vehicles) };
}

function idsOf(rows: readonly { readonly id: number }[]): number[] {
  return rows.map(({ id }) => id).sort((left, right) => left - right);
}

/** Deletes a clone with its sensors and counters. The box and the other trackers that show it stay. */
export function deleteClone(tx: Transaction, tracker: TrackerRow): void {
  for (const table of ['sensor', 'meter'] as const) {
    const theirs = [...tx.registry.all(table)].filter((row) => row.trackerId === tracker.id);
    for (const { id } of theirs) tx.remove(table, id);
  }
  tx.remove('tracker', tracker.id);
}

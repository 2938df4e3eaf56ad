/**
 * What follows from changes of the licence API once they are kept: variables that were set are told, and where the blacklist holds for
 * telemetry too, the sessions of units that come onto it end.
 */
import type { Logger } from '../../log.js';
import type { LiveUnits, RegistryStore, StoreChanges } from '../contract.js';
import { deviceVariablesEvents, unitsBlacklisted } from './events.js';

export interface LicensingWatch {
  readonly store: RegistryStore & StoreChanges;
  readonly live: LiveUnits;
  readonly log: Logger;
  readonly blacklistBlocksIngest: boolean;
}

/** Returns what ends it. */
export function watchLicensing({ store, live, log, blacklistBlocksIngest }: LicensingWatch): () => void {
  return store.onRows((rows) => {
    for (const event of deviceVariablesEvents(store.registry, rows)) log.debug(event, 'device.variables');
    if (!blacklistBlocksIngest) return;
    for (const sourceId of unitsBlacklisted(store.registry, rows)) live.disconnect(sourceId, 'blocked_unit');
  });
}

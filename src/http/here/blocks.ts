/**
 * Devices that may not send: those whose source is blocked, and those whose hardware is barred from sending over any protocol.
 */
import type { ClaimRow } from '../../store/claims/rows.js';
import type { HereServices } from './call.js';
import { forbidden } from './errors.js';

/** Throws 403. */
export function refuseBlocked({ store, isBarred }: Pick<HereServices, 'store' | 'isBarred'>, claim: ClaimRow): void {
  const isBlocked = store.registry.get('source', claim.sourceId)?.blocked !== false;
  if (isBlocked || isBarred?.(claim.deviceId) === true) throw forbidden('The device is blocked.');
}

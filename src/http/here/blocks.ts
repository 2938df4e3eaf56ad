/**
 * Devices that may not send: those whose source is blocked, and those whose hardware is barred from sending over any protocol.
 */
import type { ClaimRow } from '../../store/claims/rows.js';
import type { HereServices } from './call.js';
import { forbidden, type HereError } from './errors.js';

type Services = Pick<HereServices, 'store' | 'isBarred'>;

/** A 403 where the device may not send. */
export function blockOf({ store, isBarred }: Services, claim: ClaimRow): HereError | undefined {
  const isBlocked = store.registry.get('source', claim.sourceId)?.blocked !== false;
  return isBlocked || isBarred?.(claim.deviceId) === true ? forbidden('The device is blocked.') : undefined;
}

/** Throws 403. */
export function refuseBlocked(services: Services, claim: ClaimRow): void {
  const block = blockOf(services, claim);
  if (block !== undefined) throw block;
}

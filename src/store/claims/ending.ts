/**
 * How claims end, and what the end of one means for whatever the device sends later: records made before it belong to nobody any more.
 */
import type { Transaction } from '../contract.js';
import type { Registry } from '../registry.js';

/** Ends the claim on a source, if there is one. Its tokens are void at once. The source itself is the caller's affair. */
export function endClaimOfSource(tx: Transaction, sourceId: number): void {
  const { claims } = tx.registry;
  const claim = claims.openClaimOfSource(sourceId);
  if (claim === undefined) return;
  tx.put('claim', { ...claim, unclaimedAt: tx.at });
  for (const { id } of [...claims.tokensOfClaim(claim.id)]) tx.remove('token', id);
  if (tx.registry.get('shadow', claim.id) !== undefined) tx.remove('shadow', claim.id);
}

/** When the last claim of a device ended: a new source of it takes no records from before. Empty where it was never claimed. */
export function ownershipOf(registry: Registry, deviceId: string): { readonly notBefore?: number } {
  let notBefore = 0;
  for (const { unclaimedAt } of registry.claims.claimsOf(deviceId)) notBefore = Math.max(notBefore, unclaimedAt ?? 0);
  return notBefore === 0 ? {} : { notBefore };
}

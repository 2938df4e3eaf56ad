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

/** A unit that is to be a source of an account. */
export interface NewOwner {
  readonly deviceId: string;
  readonly accountId: number;
}

/**
 * When the unit was last somebody else's: a new source of it takes no records from before. That is the end of its last claim, whosever it
 * was, or when another account deleted or replaced it. Empty where it never was.
 */
export function ownershipOf(registry: Registry, { deviceId, accountId }: NewOwner): { readonly notBefore?: number } {
  const claims = registry.claims.claimsOf(deviceId).map(({ unclaimedAt }) => unclaimedAt ?? 0);
  const others = registry.endedSourcesOf(deviceId).filter((source) => source.accountId !== accountId);
  const notBefore = [...claims, ...others.map(({ corruptedAt }) => corruptedAt ?? 0)].reduce(
    (a, b) => Math.max(a, b),
    0,
  );
  return notBefore === 0 ? {} : { notBefore };
}

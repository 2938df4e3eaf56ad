/**
 * Ids in the manner of the vendor: the time in ms and three digits more, 16 digits in all. Each is used once, over all tables, and is
 * exact in a double.
 */
import type { Transaction } from '../contract.js';

/** The counter behind all of them. */
const counterId = 'licensing';
const perMs = 1000;

/** An id that nothing has: `isTaken` tells of those that an operator chose. */
export function nextLicensingId(tx: Transaction, isTaken: (id: number) => boolean): number {
  const next = tx.registry.get('counter', counterId)?.next ?? 0;
  let id = Math.max(next, tx.at * perMs);
  while (isTaken(id)) id++;
  tx.put('counter', { id: counterId, next: id + 1 });
  return id;
}

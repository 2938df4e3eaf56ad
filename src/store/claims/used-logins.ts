/**
 * Signed logins of devices that were good lately: each is good once. They are rows like everything else, so that a start, or a kill, makes
 * none of them good again.
 */
import type { Transaction } from '../contract.js';
import { digestOf } from '../credentials.js';
import type { UsedLoginRow } from './rows.js';

/** Longer than the time in which a signature passes the check of the device's clock, which is 10 s before and after. */
const rememberedMs = 25_000;
const maxRemembered = 200_000;

/** What tells one login from another. */
export interface SignedLogin {
  readonly deviceId: string;
  readonly timestamp: string;
  readonly nonce: string;
}

/** Remembers a login; false when it was used before. A bounded number is remembered, the oldest goes first. */
export function useLogin(tx: Transaction, { deviceId, timestamp, nonce }: SignedLogin): boolean {
  const id = digestOf(JSON.stringify([deviceId, timestamp, nonce]));
  if (tx.registry.get('usedLogin', id) !== undefined) return false;
  forget(tx);
  tx.put('usedLogin', { id, usedAt: tx.at });
  return true;
}

/** Rows come in the order of their use, or after a start in any: what is passed over then is as old a moment later. */
function forget(tx: Transaction): void {
  const isKept = ({ usedAt }: UsedLoginRow) =>
    tx.at - usedAt < rememberedMs && tx.registry.size('usedLogin') < maxRemembered;
  for (const row of tx.registry.all('usedLogin')) {
    if (isKept(row)) return;
    tx.remove('usedLogin', row.id);
  }
}

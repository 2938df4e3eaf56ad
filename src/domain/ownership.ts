/**
 * Records that are the present owner's. A unit that changed hands may still hold records of the time before, and sends them when it
 * connects again: they belong to nobody any more.
 */
import { undoRollover } from './time-rules.js';
import type { StateUpdate } from './update.js';

/**
 * The records made since `notBefore`, ms since 1970 UTC; all of them where it is undefined. The same list when none is left out. Records
 * without a time of their own are as old as their receipt.
 */
export function ownRecords<U extends StateUpdate>(
  updates: readonly U[],
  receivedAt: number,
  notBefore: number | undefined,
): readonly U[] {
  if (notBefore === undefined) return updates;
  const isOwn = ({ at }: U) => undoRollover(at, receivedAt) >= notBefore;
  return updates.every(isOwn) ? updates : updates.filter(isOwn);
}

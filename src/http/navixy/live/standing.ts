/**
 * What a subscription to a tracker comes to.
 */
import type { CallContext } from '../call.js';
import { viewOf } from '../visibility.js';

/**
 * `blocked` is subscribed, and sends states once it is unblocked. `unknown` (of another account, or deleted) and `disallowed` (of the
 * account, but not assigned to the sub-user) are not subscribed.
 */
export const standings = ['normal', 'blocked', 'unknown', 'disallowed'] as const;
export type Standing = (typeof standings)[number];

export function standingOf(context: CallContext, trackerId: number): Standing {
  const { registry } = context.services.store;
  const tracker = registry.get('tracker', trackerId);
  if (tracker === undefined || tracker.accountId !== context.user.accountId) return 'unknown';
  const source = registry.get('source', tracker.sourceId);
  if (source === undefined || source.corrupted === true) return 'unknown';
  if (viewOf(context, trackerId) === undefined) return 'disallowed';
  return source.blocked ? 'blocked' : 'normal';
}

export function isSubscribed(standing: Standing): boolean {
  return standing === 'normal' || standing === 'blocked';
}

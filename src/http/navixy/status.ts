/**
 * `connection_status`: judged when somebody asks, from what is known of the unit and the time.
 * Source: Navixy user manual, "Connection state"; the order of the rules is ours.
 */
import type { UnitState } from '../../domain/state.js';

export interface StatusRules {
  /** Nothing received for this long: offline, ms. */
  readonly offlineTimeoutMs: number;
  /** No valid fix for this long: idle, ms. */
  readonly gpsStaleMs: number;
}

export const defaultStatusRules: StatusRules = { offlineTimeoutMs: 600_000, gpsStaleMs: 300_000 };

export const connectionStatuses = [
  'signal_lost',
  'just_registered',
  'just_replaced',
  'offline',
  'idle',
  'active',
] as const;
export type ConnectionStatus = (typeof connectionStatuses)[number];

export interface StatusFacts {
  readonly state: UnitState | undefined;
  /** The box was replaced by another since registration. */
  readonly isReplacement: boolean;
  /** The unit has a live session, or needs none. */
  readonly isReachable: boolean;
  readonly now: number;
}

export function connectionStatus(facts: StatusFacts, rules: StatusRules): ConnectionStatus {
  const { state, now } = facts;
  if (state === undefined || state.heardAt === 0) return facts.isReplacement ? 'just_replaced' : 'just_registered';
  if (now - state.heardAt >= rules.offlineTimeoutMs) return 'offline';
  if (!facts.isReachable) return 'signal_lost';
  return now - state.fixAt >= rules.gpsStaleMs ? 'idle' : 'active';
}

/**
 * What clients of live events are sent: JSON texts, each whole in itself.
 * Source: Navixy backend API, WebSocket, "Subscription" and "Events".
 */
import type { NavixyError } from '../errors.js';
import type { Standing } from './standing.js';
import type { Action, EventType } from './wishes.js';

export type LifecycleEvent = 'block' | 'unblock' | 'corrupt';

/** An event about trackers. `dataJson` is JSON text. */
export function eventFrame(event: EventType, userTime: string, dataJson: string): string {
  return `{"type":"event","event":"${event}","user_time":${JSON.stringify(userTime)},"data":${dataJson}}`;
}

export function lifecycleFrame(sourceId: number, event: LifecycleEvent): string {
  return JSON.stringify({
    type: 'event',
    event: 'lifecycle',
    data: { source_id: sourceId, lifecycle_event: event },
  });
}

/** The credential is good no more: the last event of its subscriptions. */
export const logoutFrame = JSON.stringify({ type: 'event', event: 'logout', data: 'session closed' });

/** What became of each tracker, by the kind of event. */
export type StandingsByType = ReadonlyMap<EventType, Readonly<Record<string, Standing>>>;

export function responseFrame(action: Action, standings: StandingsByType): string {
  const data = Object.fromEntries([...standings].map(([type, value]) => [type, { success: true, value }]));
  return JSON.stringify({ type: 'response', action: nameOf(action), events: [...standings.keys()], data });
}

/** `types`: what the message was about, as far as it could be read. */
export function errorFrame(action: Action | undefined, error: NavixyError, types: readonly EventType[]): string {
  const { success: _, status, ...extra } = error.body;
  const data = types.length > 0 ? { data: { events: types } } : {};
  return JSON.stringify({ type: 'error', action: nameOf(action), status, ...extra, ...data });
}

function nameOf(action: Action | undefined): string {
  return action === undefined ? 'null' : `subscription/${action}`;
}

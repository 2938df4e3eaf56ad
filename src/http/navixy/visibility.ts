/**
 * Who sees which tracker. A tracker of another account, one that was not assigned to a sub-user, and one that was deleted all look as if
 * they did not exist.
 */
import { type DeviceModel, modelByCode } from '../../domain/models.js';
import type { UnitState } from '../../domain/state.js';
import type { SourceRow, TrackerRow, UserRow } from '../../store/rows.js';
import type { CallContext } from './call.js';
import { NavixyError } from './errors.js';

/** A tracker with everything that is shown of it. */
export interface TrackerView {
  readonly tracker: TrackerRow;
  readonly source: SourceRow;
  readonly model: DeviceModel | undefined;
  /** Undefined when nothing was ever received. */
  readonly state: UnitState | undefined;
}

/** The tracker of an id, deleted ones included; undefined when the user has none of this id. */
export function viewOf(context: CallContext, trackerId: number): TrackerView | undefined {
  const tracker = context.services.store.registry.get('tracker', trackerId);
  return tracker !== undefined && isVisible(context.user, tracker) ? toView(context, tracker) : undefined;
}

/** The tracker of an id. Throws code 201 (some calls document 204 instead) when the user has none of this id. */
export function requireTracker(context: CallContext, trackerId: number, missing: 201 | 204 = 201): TrackerView {
  const view = viewOf(context, trackerId);
  if (view === undefined || view.source.corrupted === true) throw new NavixyError(missing);
  return view;
}

/** A tracker that may be told of unasked: neither hidden from the user, nor deleted, nor blocked. */
export function openView(context: CallContext, trackerId: number): TrackerView | undefined {
  const view = viewOf(context, trackerId);
  return view?.source.corrupted === true || view?.source.blocked === true ? undefined : view;
}

/** The same for calls that a blocked tracker may not be used with. Throws code 201 (or 204) and 208. */
export function requireOpenTracker(context: CallContext, trackerId: number, missing: 201 | 204 = 201): TrackerView {
  const view = requireTracker(context, trackerId, missing);
  if (view.source.blocked) throw new NavixyError(208);
  return view;
}

/** The trackers of some ids, each once, blocked ones included. Throws code 217 when the user has none of one of them. */
export function requireTrackers(context: CallContext, trackerIds: readonly number[]): TrackerView[] {
  return [...new Set(trackerIds)].map((id) => {
    const view = viewOf(context, id);
    if (view === undefined || view.source.corrupted === true) throw new NavixyError(217);
    return view;
  });
}

/** Every tracker the user sees, by id, blocked ones included. */
export function visibleTrackers(context: CallContext): TrackerView[] {
  const views: TrackerView[] = [];
  for (const tracker of context.services.store.registry.trackersOfAccount(context.user.accountId)) {
    const view = isVisible(context.user, tracker) ? toView(context, tracker) : undefined;
    if (view !== undefined && view.source.corrupted !== true) views.push(view);
  }
  return views.sort((left, right) => left.tracker.id - right.tracker.id);
}

/** Whether a user sees a tracker, deleted or not. */
export function isVisible(user: UserRow, tracker: TrackerRow): boolean {
  if (tracker.accountId !== user.accountId) return false;
  return user.master || user.trackerIds === undefined || user.trackerIds.includes(tracker.id);
}

function toView(context: CallContext, tracker: TrackerRow): TrackerView | undefined {
  const { store } = context.services;
  const source = store.registry.get('source', tracker.sourceId);
  if (source === undefined) return undefined;
  return { tracker, source, model: modelByCode(source.model), state: store.stateOf(source.id) };
}

/**
 * From what the store tells of changes to what subscribers are told: states that are news, blocks and deletions, and the end of sessions.
 */
import type { ChangedRow } from '../../../store/contract.js';
import type { Registry } from '../../../store/registry.js';
import type { SourceRow, TrackerRow } from '../../../store/rows.js';
import { viewOf } from '../visibility.js';
import { type LifecycleEvent, lifecycleFrame } from './frames.js';
import type { Subscriber } from './subscriber.js';
import type { Subscriptions } from './subscriptions.js';
import type { EventType } from './wishes.js';

/** Subscriptions that come with lifecycle events. */
const lifecycleTypes: readonly EventType[] = ['state', 'state_batch', 'readings_batch'];

export class Changes {
  readonly #registry: Registry;
  readonly #subscriptions: Subscriptions;

  constructor(registry: Registry, subscriptions: Subscriptions) {
    this.#registry = registry;
    this.#subscriptions = subscriptions;
  }

  /** Units have reported. */
  onSources(sourceIds: ReadonlySet<number>): void {
    if (this.#subscriptions.count === 0) return;
    for (const id of sourceIds) {
      for (const tracker of this.#registry.trackersOfSource(id)) this.#subscriptions.tell(tracker);
    }
  }

  /** Rows of the registry have changed. */
  onRows(rows: readonly ChangedRow[]): void {
    if (this.#subscriptions.count === 0) return;
    const lifecycles = new Lifecycles();
    for (const row of rows) this.#onRow(row, lifecycles);
  }

  #onRow(change: ChangedRow, lifecycles: Lifecycles): void {
    const { table, id } = change;
    switch (table) {
      case 'session':
      case 'apiKey':
        if (change.row === null) this.#endAll(this.#subscriptions.ofCredential(`${table} ${id}`));
        return;
      case 'account':
        this.#endAll(this.#subscriptions.ofAccount(Number(id)));
        return;
      case 'user':
        this.#endAll(this.#subscriptions.ofAccount((change.row ?? change.before)?.accountId ?? 0));
        for (const each of newIds(change.before?.trackerIds, change.row?.trackerIds)) this.#tell(each, Number(id));
        return;
      case 'sensor':
      case 'meter':
        this.#tell((change.row ?? change.before)?.trackerId);
        return;
      case 'source':
        if (change.before !== null && change.row !== null) this.#onSource(change.before, change.row, lifecycles);
        return;
      case 'tracker':
        if (change.row !== null) this.#onTracker(change.before, change.row, lifecycles);
        return;
      default:
    }
  }

  #tell(trackerId: number | undefined, forUserId?: number): void {
    const tracker = trackerId === undefined ? undefined : this.#registry.get('tracker', trackerId);
    if (tracker !== undefined) this.#subscriptions.tell(tracker, forUserId);
  }

  #onSource(before: SourceRow, source: SourceRow, lifecycles: Lifecycles): void {
    const event = lifecycleOf(before, source);
    const isNews = event === 'unblock' || before.model !== source.model;
    for (const tracker of this.#registry.trackersOfSource(source.id)) {
      if (event !== undefined) this.#tellLifecycle(tracker, source.id, event, lifecycles);
      if (isNews) this.#subscriptions.tell(tracker);
    }
  }

  /** A new tracker, or one whose device was replaced: the old device is gone for good. */
  #onTracker(before: TrackerRow | null, tracker: TrackerRow, lifecycles: Lifecycles): void {
    if (before !== null && before.sourceId === tracker.sourceId) return;
    const isGone = before !== null && this.#registry.get('source', before.sourceId)?.corrupted === true;
    if (isGone) this.#tellLifecycle(tracker, before.sourceId, 'corrupt', lifecycles);
    this.#tell(tracker.id);
  }

  #tellLifecycle(tracker: TrackerRow, sourceId: number, event: LifecycleEvent, lifecycles: Lifecycles): void {
    for (const subscriber of this.#subscriptions.ofAccount(tracker.accountId)) {
      if (isAbout(subscriber, tracker.id)) lifecycles.tell(subscriber, sourceId, event);
    }
  }

  #endAll(subscribers: readonly Subscriber[]): void {
    for (const subscriber of subscribers) this.#subscriptions.endIfOver(subscriber);
  }
}

/** Somebody who sees several trackers of one device is told once. */
class Lifecycles {
  readonly #told = new Map<Subscriber, Set<string>>();

  tell(subscriber: Subscriber, sourceId: number, event: LifecycleEvent): void {
    const frame = lifecycleFrame(sourceId, event);
    const told = this.#told.get(subscriber) ?? new Set();
    this.#told.set(subscriber, told);
    if (!told.has(frame)) subscriber.socket.answer(frame);
    told.add(frame);
  }
}

function isAbout(subscriber: Subscriber, trackerId: number): boolean {
  if (!lifecycleTypes.some((type) => subscriber.feeds.get(type)?.wants(trackerId) === true)) return false;
  const context = subscriber.contextNow(false);
  return context !== undefined && viewOf(context, trackerId) !== undefined;
}

function lifecycleOf(before: SourceRow, source: SourceRow): LifecycleEvent | undefined {
  if (source.corrupted === true) return before.corrupted === true ? undefined : 'corrupt';
  if (source.blocked === before.blocked) return undefined;
  return source.blocked ? 'block' : 'unblock';
}

/** Trackers that a sub-user has come to see. */
function newIds(before: readonly number[] = [], now: readonly number[] = []): number[] {
  return now.filter((id) => !before.includes(id));
}

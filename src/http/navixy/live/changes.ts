/**
 * From what the store tells of changes to what subscribers are told: states that are news, blocks and deletions, and the end of sessions.
 */
import type { ChangedRow } from '../../../store/contract.js';
import type { Registry } from '../../../store/registry.js';
import type { SourceRow, TrackerRow, UserRow } from '../../../store/rows.js';
import { isVisible } from '../visibility.js';
import type { Audience, Follower } from './audience.js';
import { type LifecycleEvent, lifecycleFrame } from './frames.js';

export class Changes {
  readonly #registry: Registry;
  readonly #audience: Audience;

  constructor(registry: Registry, audience: Audience) {
    this.#registry = registry;
    this.#audience = audience;
  }

  /** Units have reported. */
  onSources(sourceIds: ReadonlySet<number>): void {
    if (this.#audience.isEmpty) return;
    for (const id of sourceIds) {
      for (const tracker of this.#registry.trackersOfSource(id)) this.#audience.tell(tracker);
    }
  }

  /** Rows of the registry have changed. */
  onRows(rows: readonly ChangedRow[]): void {
    if (this.#audience.isEmpty) return;
    const lifecycles = new Lifecycles();
    for (const row of rows) this.#onRow(row, lifecycles);
  }

  #onRow(change: ChangedRow, lifecycles: Lifecycles): void {
    const { table, id } = change;
    switch (table) {
      case 'session':
      case 'apiKey':
        if (change.row === null) this.#endAll(this.#audience.ofCredential(`${table} ${id}`));
        return;
      case 'account':
        this.#endAll(this.#audience.ofAccount(Number(id)));
        return;
      case 'user':
        this.#endAll(this.#audience.ofAccount((change.row ?? change.before)?.accountId ?? 0));
        if (change.before !== null && change.row !== null) this.#onUser(change.before, change.row);
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
        else if (change.before !== null) this.#audience.lose(change.before);
        return;
      default:
    }
  }

  #tell(trackerId: number | undefined): void {
    const tracker = trackerId === undefined ? undefined : this.#registry.get('tracker', trackerId);
    if (tracker !== undefined) this.#audience.tell(tracker);
  }

  /** What a user has come to see, or sees no more. */
  #onUser(before: UserRow, user: UserRow): void {
    if (before.trackerIds === user.trackerIds && before.master === user.master) return;
    for (const tracker of this.#registry.trackersOfAccount(user.accountId)) {
      const [saw, sees] = [isVisible(before, tracker), isVisible(user, tracker)];
      if (sees && !saw) this.#audience.tell(tracker, user.id);
      if (saw && !sees) this.#audience.lose(tracker, user.id);
    }
  }

  #onSource(before: SourceRow, source: SourceRow, lifecycles: Lifecycles): void {
    const event = lifecycleOf(before, source);
    const isNews = event === 'unblock' || before.model !== source.model;
    for (const tracker of this.#registry.trackersOfSource(source.id)) {
      if (event !== undefined) this.#tellLifecycle(tracker, source.id, event, lifecycles);
      if (isNews) this.#audience.tell(tracker);
      else if (event !== undefined) this.#audience.lose(tracker);
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
    for (const follower of this.#audience.ofAccount(tracker.accountId)) {
      if (follower.isAbout(tracker.id)) lifecycles.tell(follower, sourceId, event);
    }
  }

  #endAll(followers: readonly Follower[]): void {
    for (const follower of followers) this.#audience.endIfOver(follower);
  }
}

/** Somebody who sees several trackers of one device is told once. */
class Lifecycles {
  readonly #told = new Map<Follower, Set<string>>();

  tell(follower: Follower, sourceId: number, event: LifecycleEvent): void {
    const frame = lifecycleFrame(sourceId, event);
    const told = this.#told.get(follower) ?? new Set();
    this.#told.set(follower, told);
    if (!told.has(frame)) follower.tellLifecycle(frame);
    told.add(frame);
  }
}

function lifecycleOf(before: SourceRow, source: SourceRow): LifecycleEvent | undefined {
  if (source.corrupted === true) return before.corrupted === true ? undefined : 'corrupt';
  if (source.blocked === before.blocked) return undefined;
  return source.blocked ? 'block' : 'unblock';
}

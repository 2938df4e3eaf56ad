/**
 * Who follows which trackers: followers by account and by credential, with their feeds. Trackers are matched to them when something
 * changes, so a feed of all trackers of an account costs no more than one of a few. It does not know how messages travel: the WebSocket
 * and the state topic are both led by it.
 */
import type { Timer } from '../../../clock.js';
import type { TrackerRow } from '../../../store/rows.js';
import type { CallContext, Services } from '../call.js';
import { Pump, type PumpedFeed } from './pump.js';
import { StatusWatch } from './status-watch.js';

/** What is told of trackers to one follower in one way. */
export interface TrackerFeed extends PumpedFeed {
  /** Whether it is about a tracker, if the user sees it. */
  wants(trackerId: number): boolean;
  /** There is something new about a tracker. */
  note(trackerId: number): void;
  /** It shows a connection status. */
  readonly showsStatus: boolean;
  /** It tells when a tracker is not to be seen any more. */
  readonly tellsLoss: boolean;
}

/** Somebody with a credential who is told of trackers for as long as it is good. */
export interface Follower {
  /** Of the credential. */
  readonly key: string;
  readonly accountId: number;
  readonly userId: number;
  readonly feeds: ReadonlyMap<string, TrackerFeed>;
  /** Circumstances of a message made now; undefined when the credential is good no more. */
  contextNow(isIso: boolean): CallContext | undefined;
  /** Whether lifecycle events of a tracker are for this follower. */
  isAbout(trackerId: number): boolean;
  tellLifecycle(frame: string): void;
  /** The credential is good no more. */
  end(): void;
}

const lookPeriodMs = 1000;

export class Audience {
  readonly #services: Services;
  readonly #failed: (error: unknown) => void;
  readonly #pump: Pump;
  readonly #statuses: StatusWatch;
  readonly #byAccount = new Map<number, Set<Follower>>();
  readonly #byCredential = new Map<string, Set<Follower>>();
  #looking: Timer | undefined;

  /** `failed` hears of messages that could not be made. */
  constructor(services: Services, failed: (error: unknown) => void) {
    this.#services = services;
    this.#failed = failed;
    this.#pump = new Pump(services.clock, failed);
    this.#statuses = new StatusWatch(services);
  }

  get isEmpty(): boolean {
    return this.#byAccount.size === 0;
  }

  ofAccount(accountId: number): readonly Follower[] {
    return [...(this.#byAccount.get(accountId) ?? [])];
  }

  ofCredential(key: string): readonly Follower[] {
    return [...(this.#byCredential.get(key) ?? [])];
  }

  join(follower: Follower): void {
    addTo(this.#byAccount, follower.accountId, follower);
    addTo(this.#byCredential, follower.key, follower);
    this.#looking ??= this.#services.clock.every(lookPeriodMs, () => this.#look());
  }

  /** Nothing more is told to a follower. */
  leave(follower: Follower): void {
    for (const feed of follower.feeds.values()) this.endFeed(feed);
    removeFrom(this.#byAccount, follower.accountId, follower);
    removeFrom(this.#byCredential, follower.key, follower);
    if (this.isEmpty) this.#stopLooking();
  }

  /** Something about a tracker has changed: for everybody, or as one user sees it. */
  tell(tracker: TrackerRow, forUserId?: number): void {
    if (!this.#byAccount.has(tracker.accountId)) return;
    this.#statuses.told(tracker);
    for (const feed of this.#feedsAbout(tracker, forUserId)) this.note(feed, tracker.id);
  }

  /** A tracker is not to be seen any more: by anybody, or by one user. */
  lose(tracker: TrackerRow, forUserId?: number): void {
    for (const feed of this.#feedsAbout(tracker, forUserId)) if (feed.tellsLoss) this.note(feed, tracker.id);
  }

  note(feed: TrackerFeed, trackerId: number): void {
    feed.note(trackerId);
    this.#pump.wake(feed);
  }

  /** A feed has found out by itself that there is something to tell. */
  wake(feed: TrackerFeed): void {
    this.#pump.wake(feed);
  }

  /** A follower is told the status that a tracker has now. */
  told(tracker: TrackerRow): void {
    this.#statuses.told(tracker);
  }

  endFeed(feed: TrackerFeed): void {
    this.#pump.end(feed);
  }

  endIfOver(follower: Follower): void {
    if (follower.contextNow(false) === undefined) follower.end();
  }

  stop(): void {
    this.#pump.stop();
    this.#stopLooking();
  }

  #stopLooking(): void {
    this.#looking?.cancel();
    this.#looking = undefined;
  }

  /** Looks after what happens by time alone: sessions that end, units that fall silent. */
  #look(): void {
    try {
      for (const followers of [...this.#byAccount.values()]) {
        for (const follower of [...followers]) this.endIfOver(follower);
      }
      const { registry } = this.#services.store;
      this.#statuses.look(
        () => this.#watched(),
        (tracker) => this.tell(registry.get('tracker', tracker.id) ?? tracker),
      );
    } catch (error) {
      this.#failed(error);
    }
  }

  *#feedsAbout(tracker: TrackerRow, forUserId: number | undefined): Generator<TrackerFeed> {
    for (const { feeds, userId } of this.#byAccount.get(tracker.accountId) ?? []) {
      if (forUserId !== undefined && forUserId !== userId) continue;
      for (const feed of feeds.values()) if (feed.wants(tracker.id)) yield feed;
    }
  }

  /** Trackers whose connection status somebody is shown. */
  *#watched(): Generator<TrackerRow> {
    const { registry } = this.#services.store;
    for (const [accountId, followers] of this.#byAccount) {
      for (const tracker of registry.trackersOfAccount(accountId)) {
        if (isStatusShown(followers, tracker.id)) yield tracker;
      }
    }
  }
}

function isStatusShown(followers: ReadonlySet<Follower>, trackerId: number): boolean {
  for (const { feeds } of followers) {
    for (const feed of feeds.values()) if (feed.showsStatus && feed.wants(trackerId)) return true;
  }
  return false;
}

function addTo<K>(map: Map<K, Set<Follower>>, key: K, follower: Follower): void {
  const set = map.get(key) ?? new Set();
  map.set(key, set.add(follower));
}

function removeFrom<K>(map: Map<K, Set<Follower>>, key: K, follower: Follower): void {
  const set = map.get(key);
  set?.delete(follower);
  if (set?.size === 0) map.delete(key);
}

/**
 * Who is subscribed to what: subscribers by account and by credential, and their subscriptions. Trackers are matched to them when
 * something changes, so a subscription to all trackers of an account costs no more than one to a few.
 */
import type { TrackerRow } from '../../../store/rows.js';
import type { CallContext, Credential, Services } from '../call.js';
import { NavixyError } from '../errors.js';
import { visibleTrackers } from '../visibility.js';
import { contentOf } from './contents.js';
import { Feed } from './feed.js';
import { logoutFrame, type StandingsByType } from './frames.js';
import type { LiveLimits } from './limits.js';
import type { LiveSocket } from './live-socket.js';
import { Pump } from './pump.js';
import { isSubscribed, type Standing, standingOf } from './standing.js';
import { StatusWatch } from './status-watch.js';
import { credentialKey, Subscriber } from './subscriber.js';
import { type EventType, maxMonitored, type Wish } from './wishes.js';

type Standings = Readonly<Record<string, Standing>>;

/** Events that show a connection status. */
const statusTypes: readonly EventType[] = ['state', 'state_batch'];

export class Subscriptions {
  readonly #services: Services;
  readonly #limits: LiveLimits;
  readonly #pump: Pump;
  readonly #statuses: StatusWatch;
  readonly #byAccount = new Map<number, Set<Subscriber>>();
  readonly #byCredential = new Map<string, Set<Subscriber>>();
  #count = 0;

  /** `failed` hears of events that could not be made. */
  constructor(services: Services, limits: LiveLimits, failed: (error: unknown) => void) {
    this.#services = services;
    this.#limits = limits;
    this.#pump = new Pump(services.clock, failed);
    this.#statuses = new StatusWatch(services);
  }

  /** Kinds of events times subscribers. */
  get count(): number {
    return this.#count;
  }

  ofAccount(accountId: number): readonly Subscriber[] {
    return [...(this.#byAccount.get(accountId) ?? [])];
  }

  ofCredential(key: string): readonly Subscriber[] {
    return [...(this.#byCredential.get(key) ?? [])];
  }

  /** Adds to what is subscribed by `state`, and takes the place of what is subscribed by others. Throws codes 4 and 267. */
  subscribe(socket: LiveSocket, credential: Credential, isIso: boolean, wishes: readonly Wish[]): StandingsByType {
    const subscriber =
      socket.subscribers.get(credentialKey(credential)) ?? new Subscriber(this.#services, socket, credential);
    const context = requireContext(subscriber);
    const added = new Set(wishes.map(({ type }) => type).filter((type) => !subscriber.feeds.has(type)));
    if (this.#count + added.size > this.#limits.liveMaxSubscriptions) throw new NavixyError(267);
    const standings = new Map<EventType, Standings>();
    for (const wish of wishes) {
      const own = standingsOf(context, wish);
      standings.set(wish.type, { ...standings.get(wish.type), ...own });
      this.#open(subscriber, wish, idsOf(own), isIso);
    }
    if (subscriber.feeds.size > 0) this.#add(subscriber);
    return standings;
  }

  /** What a request leaves out means all of its kind. Throws code 4. */
  unsubscribe(socket: LiveSocket, credential: Credential, wishes: readonly Wish[]): StandingsByType {
    const known = socket.subscribers.get(credentialKey(credential));
    const subscriber = known ?? new Subscriber(this.#services, socket, credential);
    const context = requireContext(subscriber);
    const standings = new Map<EventType, Standings>();
    for (const { type, trackerIds } of wishes) {
      const feed = subscriber.feeds.get(type);
      const ids = trackerIds ?? feedIds(feed, context);
      const own = byId(context, ids);
      standings.set(type, { ...standings.get(type), ...own });
      if (feed === undefined) continue;
      // Of all trackers only those that there are can be left out: ids of nothing are not worth remembering.
      const dropped = feed.selected === undefined ? idsOf(own) : [...ids];
      if (trackerIds === undefined || feed.drop(dropped)) this.#close(feed);
    }
    if (known !== undefined && known.feeds.size === 0) this.#remove(known);
    return standings;
  }

  /** Something about a tracker has changed: for everybody, or as one user sees it. */
  tell(tracker: TrackerRow, forUserId?: number): void {
    const subscribers = this.#byAccount.get(tracker.accountId);
    if (subscribers === undefined) return;
    this.#statuses.told(tracker);
    for (const { feeds, userId } of subscribers) {
      if (forUserId !== undefined && forUserId !== userId) continue;
      for (const feed of feeds.values()) if (feed.wants(tracker.id)) this.#note(feed, tracker.id);
    }
  }

  /** Looks after what happens by time alone: sessions that end, units that fall silent. */
  look(): void {
    for (const subscribers of [...this.#byAccount.values()]) {
      for (const subscriber of subscribers) this.endIfOver(subscriber);
    }
    const { registry } = this.#services.store;
    this.#statuses.look(
      () => this.#watched(),
      (tracker) => this.tell(registry.get('tracker', tracker.id) ?? tracker),
    );
  }

  /** Ends the subscriptions of a credential that is good no more, with a last event. */
  endIfOver(subscriber: Subscriber): void {
    if (subscriber.contextNow(false) !== undefined) return;
    this.drop(subscriber);
    subscriber.socket.answer(logoutFrame);
  }

  drop(subscriber: Subscriber): void {
    for (const feed of [...subscriber.feeds.values()]) this.#close(feed);
    this.#remove(subscriber);
  }

  stop(): void {
    this.#pump.stop();
  }

  #open(subscriber: Subscriber, wish: Wish, listed: readonly number[], isIso: boolean): void {
    const old = subscriber.feeds.get(wish.type);
    const kept = wish.type === 'state' ? [...(old?.selected ?? [])] : [];
    const isAll = wish.trackerIds === undefined && wish.type !== 'iot_monitor';
    const trackerIds = isAll ? undefined : [...kept, ...listed];
    const untold = old?.untold.filter((id) => kept.includes(id)) ?? [];
    if (old !== undefined) this.#close(old);
    if (trackerIds?.length === 0) return;
    const content = contentOf(wish, this.#limits.liveStateShape);
    const feed = new Feed(subscriber, { ...wish, trackerIds }, content, isIso);
    subscriber.feeds.set(wish.type, feed);
    this.#count++;
    for (const id of [...untold, ...listed]) this.#tellFirst(feed, id);
  }

  #tellFirst(feed: Feed, trackerId: number): void {
    const tracker = this.#services.store.registry.get('tracker', trackerId);
    if (tracker !== undefined) this.#statuses.told(tracker);
    this.#note(feed, trackerId);
  }

  #note(feed: Feed, trackerId: number): void {
    feed.note(trackerId);
    this.#pump.wake(feed);
  }

  #close(feed: Feed): void {
    this.#pump.end(feed);
    if (feed.subscriber.feeds.delete(feed.type)) this.#count--;
  }

  #add(subscriber: Subscriber): void {
    subscriber.socket.subscribers.set(subscriber.key, subscriber);
    addTo(this.#byAccount, subscriber.accountId, subscriber);
    addTo(this.#byCredential, subscriber.key, subscriber);
  }

  #remove(subscriber: Subscriber): void {
    subscriber.socket.subscribers.delete(subscriber.key);
    removeFrom(this.#byAccount, subscriber.accountId, subscriber);
    removeFrom(this.#byCredential, subscriber.key, subscriber);
  }

  /** Trackers whose connection status somebody is shown. */
  *#watched(): Generator<TrackerRow> {
    const { registry } = this.#services.store;
    for (const [accountId, subscribers] of this.#byAccount) {
      for (const tracker of registry.trackersOfAccount(accountId)) {
        if (isStatusShown(subscribers, tracker.id)) yield tracker;
      }
    }
  }
}

function isStatusShown(subscribers: ReadonlySet<Subscriber>, trackerId: number): boolean {
  for (const { feeds } of subscribers) {
    if (statusTypes.some((type) => feeds.get(type)?.wants(trackerId) === true)) return true;
  }
  return false;
}

function requireContext(subscriber: Subscriber): CallContext {
  const context = subscriber.contextNow(false);
  if (context === undefined) throw new NavixyError(4);
  return context;
}

/** What becomes of each tracker that is wished for. All of the account is too many for a monitor: it shows the first. */
function standingsOf(context: CallContext, wish: Wish): Standings {
  if (wish.trackerIds !== undefined) return byId(context, wish.trackerIds);
  const most = wish.type === 'iot_monitor' ? maxMonitored : Number.POSITIVE_INFINITY;
  const standings: Record<string, Standing> = {};
  for (const [i, { tracker, source }] of visibleTrackers(context).entries()) {
    const standing = source.blocked ? 'blocked' : 'normal';
    standings[tracker.id] = i < most ? standing : 'disallowed';
  }
  return standings;
}

function byId(context: CallContext, trackerIds: Iterable<number>): Standings {
  const standings: Record<string, Standing> = {};
  for (const id of trackerIds) standings[id] = standingOf(context, id);
  return standings;
}

function idsOf(standings: Standings): number[] {
  return Object.keys(standings)
    .filter((id) => isSubscribed(standings[id] as Standing))
    .map(Number);
}

function feedIds(feed: Feed | undefined, context: CallContext): Iterable<number> {
  if (feed === undefined) return [];
  return feed.selected ?? visibleTrackers(context).map(({ tracker }) => tracker.id);
}

function addTo<K>(map: Map<K, Set<Subscriber>>, key: K, subscriber: Subscriber): void {
  const set = map.get(key) ?? new Set();
  map.set(key, set.add(subscriber));
}

function removeFrom<K>(map: Map<K, Set<Subscriber>>, key: K, subscriber: Subscriber): void {
  const set = map.get(key);
  set?.delete(subscriber);
  if (set?.size === 0) map.delete(key);
}

/**
 * What clients on WebSockets are subscribed to: opens and closes their feeds as their messages wish.
 */
import type { CallContext, Credential, Services } from '../call.js';
import { NavixyError } from '../errors.js';
import { visibleTrackers } from '../visibility.js';
import type { Audience } from './audience.js';
import { contentOf } from './contents.js';
import { Feed } from './feed.js';
import type { StandingsByType } from './frames.js';
import { credentialKey } from './holder.js';
import type { LiveLimits } from './limits.js';
import type { LiveSocket } from './live-socket.js';
import { isSubscribed, type Standing, standingOf } from './standing.js';
import { Subscriber } from './subscriber.js';
import { type EventType, maxMonitored, type Wish } from './wishes.js';

type Standings = Readonly<Record<string, Standing>>;

export class Subscriptions {
  readonly #services: Services;
  readonly #limits: LiveLimits;
  readonly #audience: Audience;
  #count = 0;

  constructor(services: Services, limits: LiveLimits, audience: Audience) {
    this.#services = services;
    this.#limits = limits;
    this.#audience = audience;
  }

  /** Kinds of events times subscribers. */
  get count(): number {
    return this.#count;
  }

  /** Adds to what is subscribed by `state`, and takes the place of what is subscribed by others. Throws codes 4 and 267. */
  subscribe(socket: LiveSocket, credential: Credential, isIso: boolean, wishes: readonly Wish[]): StandingsByType {
    const subscriber = socket.subscribers.get(credentialKey(credential)) ?? this.#newSubscriber(socket, credential);
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
    const subscriber = known ?? this.#newSubscriber(socket, credential);
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

  drop(subscriber: Subscriber): void {
    for (const feed of [...subscriber.feeds.values()]) this.#close(feed);
    this.#remove(subscriber);
  }

  #newSubscriber(socket: LiveSocket, credential: Credential): Subscriber {
    return new Subscriber(this.#services, socket, credential, (subscriber) => this.drop(subscriber));
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
    if (tracker !== undefined) this.#audience.told(tracker);
    this.#audience.note(feed, trackerId);
  }

  #close(feed: Feed): void {
    this.#audience.endFeed(feed);
    if (feed.subscriber.feeds.delete(feed.type)) this.#count--;
  }

  #add(subscriber: Subscriber): void {
    subscriber.socket.subscribers.set(subscriber.key, subscriber);
    this.#audience.join(subscriber);
  }

  #remove(subscriber: Subscriber): void {
    subscriber.socket.subscribers.delete(subscriber.key);
    this.#audience.leave(subscriber);
  }
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

/**
 * The states that one client is told: of which trackers its topic filters make it, which of them it was shown, and the messages made of
 * what is new.
 */
import type { CallContext } from '../http/navixy/call.js';
import type { TrackerFeed } from '../http/navixy/live/audience.js';
import { News } from '../http/navixy/live/news.js';
import type { Outflow } from '../http/navixy/live/outflow.js';
import { stateBytes } from '../http/navixy/state-body.js';
import { openView, viewOf } from '../http/navixy/visibility.js';
import type { TrackerRow } from '../store/rows.js';
import { type Matched, trackersMatching } from './topics.js';

/** A message about a tracker. An empty payload says that there is no state to be seen any more. */
export interface StateMessage {
  readonly trackerId: number;
  readonly payload: Buffer;
  /** It is the state there was at the subscription. */
  readonly retain: boolean;
}

export interface TopicFeedOptions {
  readonly outflow: Outflow;
  /** Circumstances of a message made now; undefined when the credential is good no more. */
  readonly contextNow: () => CallContext | undefined;
  readonly send: (message: StateMessage) => void;
  /** A client is told the status that a tracker has now. */
  readonly told: (tracker: TrackerRow) => void;
  readonly maxFilters: number;
}

const nothing = Buffer.alloc(0);

export class TopicFeed implements TrackerFeed {
  readonly rateLimitMs = 0;
  readonly showsStatus = true;
  readonly tellsLoss = true;
  readonly outflow: Outflow;
  readonly #options: TopicFeedOptions;
  readonly #news = new News();
  /** By their texts. Those that were admitted and are not acknowledged yet are not open. */
  readonly #filters = new Map<string, { readonly matched: Matched; isOpen: boolean }>();
  /** Trackers of a new subscription: their states go out as retained. */
  readonly #first = new Set<number>();
  /** All of them are. */
  #isAllFirst = false;
  /** Trackers whose states the client has. */
  readonly #shown = new Set<number>();
  /** What the open filters come to. */
  #seesAll = false;
  #ids = new Set<number>();

  constructor(options: TopicFeedOptions) {
    this.#options = options;
    this.outflow = options.outflow;
  }

  get filterCount(): number {
    return this.#filters.size;
  }

  /** Whether a filter may be subscribed. Some filters of one tree match nothing there is, or nothing that the user sees. */
  admits(filter: string): boolean {
    if (this.#filters.has(filter)) return true;
    const matched = trackersMatching(filter);
    if (matched === undefined || this.#filters.size >= this.#options.maxFilters) return false;
    if (matched !== 'all' && !this.#isThere(matched)) return false;
    this.#filters.set(filter, { matched, isOpen: false });
    return true;
  }

  /** A subscription is acknowledged: the states there are come first, as often as it is made. */
  open(filter: string): void {
    const subscription = this.#filters.get(filter);
    if (subscription === undefined) return;
    subscription.isOpen = true;
    this.#sumUp();
    if (subscription.matched === 'all') this.#isAllFirst = true;
    else this.#noteFirst(subscription.matched);
  }

  close(filter: string): void {
    if (!this.#filters.delete(filter)) return;
    this.#sumUp();
    // What nobody asks for any more has nothing to be taken back either.
    for (const id of this.#shown) if (!this.wants(id)) this.#shown.delete(id);
  }

  wants(trackerId: number): boolean {
    return this.#seesAll || this.#ids.has(trackerId);
  }

  get hasNews(): boolean {
    return this.#isAllFirst || this.#news.hasAny;
  }

  note(trackerId: number): void {
    this.#news.note(trackerId);
  }

  /** Only here is looked what a subscription to all comes to, so that asking for it over and over costs no more than once. */
  beginRound(): void {
    const context = this.#isAllFirst ? this.#options.contextNow() : undefined;
    this.#isAllFirst = false;
    if (context !== undefined) {
      const { registry } = context.services.store;
      for (const { id } of registry.trackersOfAccount(context.user.accountId)) this.#noteFirst(id);
    }
    this.#news.beginRound();
  }

  sendNext(): boolean {
    const context = this.#options.contextNow();
    if (context === undefined) this.#news.endRound();
    for (let id = this.#news.next(); context !== undefined && id !== undefined; id = this.#news.next()) {
      const message = this.wants(id) ? this.#messageAbout(id, context) : this.#forget(id);
      if (message === undefined) continue;
      this.#options.send(message);
      return true;
    }
    return false;
  }

  #messageAbout(trackerId: number, context: CallContext): StateMessage | undefined {
    const retain = this.#first.delete(trackerId);
    const view = openView(context, trackerId);
    if (view !== undefined) {
      if (retain) this.#options.told(view.tracker);
      this.#shown.add(trackerId);
      return { trackerId, payload: stateBytes(view, context), retain };
    }
    return this.#shown.delete(trackerId) ? { trackerId, payload: nothing, retain: false } : undefined;
  }

  /** The client has unsubscribed: there is nothing to say. */
  #forget(trackerId: number): undefined {
    this.#shown.delete(trackerId);
    this.#first.delete(trackerId);
  }

  #noteFirst(trackerId: number): void {
    this.#first.add(trackerId);
    this.#news.note(trackerId);
  }

  #isThere(trackerId: number): boolean {
    const context = this.#options.contextNow();
    const view = context === undefined ? undefined : viewOf(context, trackerId);
    return view !== undefined && view.source.corrupted !== true;
  }

  #sumUp(): void {
    const open = [...this.#filters.values()].filter(({ isOpen }) => isOpen);
    this.#seesAll = open.some(({ matched }) => matched === 'all');
    this.#ids = new Set(open.flatMap(({ matched }) => (matched === 'all' ? [] : [matched])));
  }
}

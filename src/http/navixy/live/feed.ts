/**
 * One subscription: which trackers it is about, which of them have news, and the events made of these. News are not queued but noted, so
 * a subscriber that is slow misses what lies between, never the newest, and costs no more than a set of ids.
 */
import type { CallContext } from '../call.js';
import { type TrackerView, viewOf } from '../visibility.js';
import type { Content } from './contents.js';
import { eventFrame } from './frames.js';
import type { Subscriber } from './subscriber.js';
import type { EventType, Wish } from './wishes.js';

/** A frame is closed when it is this long, so that no subscriber keeps the gateway busy for long. */
const frameMaxChars = 64 * 1024;

export class Feed {
  readonly subscriber: Subscriber;
  readonly type: EventType;
  readonly rateLimitMs: number;
  readonly isIso: boolean;
  readonly #content: Content;
  /** Undefined for all that the user sees. */
  readonly #selected: Set<number> | undefined;
  readonly #excluded = new Set<number>();
  /** Trackers with news that belong to the next round. */
  #news = new Set<number>();
  /** Those of the round under way. */
  #round = new Set<number>();

  constructor(subscriber: Subscriber, wish: Wish, content: Content, isIso: boolean) {
    this.subscriber = subscriber;
    this.type = wish.type;
    this.rateLimitMs = wish.rateLimitMs;
    this.isIso = isIso;
    this.#content = content;
    this.#selected = wish.trackerIds === undefined ? undefined : new Set(wish.trackerIds);
  }

  /** Whether the subscription is about a tracker, if the user sees it. */
  wants(trackerId: number): boolean {
    return (this.#selected?.has(trackerId) ?? true) && !this.#excluded.has(trackerId);
  }

  /** The trackers it is about; undefined for all. */
  get selected(): ReadonlySet<number> | undefined {
    return this.#selected;
  }

  get hasNews(): boolean {
    return this.#news.size > 0;
  }

  /** What a feed that takes the place of this one has to tell still. */
  get untold(): readonly number[] {
    return [...this.#round, ...this.#news];
  }

  /** There is something new about a tracker. */
  note(trackerId: number): void {
    if (this.#content.items.observe !== undefined) this.#observe(trackerId);
    if (!this.#round.has(trackerId)) this.#news.add(trackerId);
  }

  /** True when nothing is left that it is about. */
  drop(trackerIds: readonly number[]): boolean {
    for (const id of trackerIds) {
      if (this.#selected === undefined) this.#excluded.add(id);
      else this.#selected.delete(id);
    }
    return this.#selected?.size === 0;
  }

  /** What is noted until now makes the next events. */
  beginRound(): void {
    this.#round = this.#news;
    this.#news = new Set();
  }

  /** The next event of the round; undefined when the round is over. */
  nextFrame(): string | undefined {
    const context = this.subscriber.contextNow(this.isIso);
    if (context === undefined) this.#round.clear();
    const data = context === undefined ? '' : this.#nextItems(context);
    if (context === undefined || data === '') return undefined;
    const { head, tail } = this.#content;
    return eventFrame(this.type, context.dates.format(context.now), head + data + tail);
  }

  #observe(trackerId: number): void {
    const context = this.subscriber.contextNow(this.isIso);
    const view = context === undefined ? undefined : openView(context, trackerId);
    if (view !== undefined) this.#content.items.observe?.(view);
  }

  #nextItems(context: CallContext): string {
    const { isOneByOne, items } = this.#content;
    let data = '';
    for (const trackerId of this.#round) {
      this.#round.delete(trackerId);
      const view = this.wants(trackerId) ? openView(context, trackerId) : undefined;
      const item = view === undefined ? undefined : items.itemOf(view, context);
      if (item === undefined) continue;
      data += data === '' ? item : `,${item}`;
      if (isOneByOne || data.length >= frameMaxChars) break;
    }
    return data;
  }
}

/** A tracker that may be told of: neither hidden from the user, nor deleted, nor blocked. */
function openView(context: CallContext, trackerId: number): TrackerView | undefined {
  const view = viewOf(context, trackerId);
  return view?.source.corrupted === true || view?.source.blocked === true ? undefined : view;
}

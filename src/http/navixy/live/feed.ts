/**
 * One subscription on a WebSocket: which trackers it is about, which of them have news, and the events made of these.
 */
import type { CallContext } from '../call.js';
import { openView } from '../visibility.js';
import type { TrackerFeed } from './audience.js';
import type { Content } from './contents.js';
import { eventFrame } from './frames.js';
import { News } from './news.js';
import type { Outflow } from './outflow.js';
import type { Subscriber } from './subscriber.js';
import type { EventType, Wish } from './wishes.js';

/** A frame is closed when it is this long, so that no subscriber keeps the gateway busy for long. */
const frameMaxChars = 64 * 1024;

/** Events that show a connection status. */
const statusTypes: readonly EventType[] = ['state', 'state_batch'];

export class Feed implements TrackerFeed {
  readonly subscriber: Subscriber;
  readonly type: EventType;
  readonly rateLimitMs: number;
  readonly isIso: boolean;
  readonly showsStatus: boolean;
  readonly tellsLoss = false;
  readonly #content: Content;
  /** Undefined for all that the user sees. */
  readonly #selected: Set<number> | undefined;
  readonly #excluded = new Set<number>();
  readonly #news = new News();

  constructor(subscriber: Subscriber, wish: Wish, content: Content, isIso: boolean) {
    this.subscriber = subscriber;
    this.type = wish.type;
    this.rateLimitMs = wish.rateLimitMs;
    this.isIso = isIso;
    this.showsStatus = statusTypes.includes(wish.type);
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

  get outflow(): Outflow {
    return this.subscriber.socket.outflow;
  }

  get hasNews(): boolean {
    return this.#news.hasAny;
  }

  /** What a feed that takes the place of this one has to tell still. */
  get untold(): readonly number[] {
    return this.#news.untold;
  }

  /** There is something new about a tracker. */
  note(trackerId: number): void {
    if (this.#content.items.observe !== undefined) this.#observe(trackerId);
    this.#news.note(trackerId);
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
    this.#news.beginRound();
  }

  /** Sends the next event of the round; false when the round is over. */
  sendNext(): boolean {
    const context = this.subscriber.contextNow(this.isIso);
    if (context === undefined) this.#news.endRound();
    const items = context === undefined ? '' : this.#nextItems(context);
    if (context === undefined || items === '') return false;
    const { head, tail } = this.#content;
    this.subscriber.socket.send(eventFrame(this.type, context.dates.format(context.now), head + items + tail));
    return true;
  }

  #observe(trackerId: number): void {
    const context = this.subscriber.contextNow(this.isIso);
    const view = context === undefined ? undefined : openView(context, trackerId);
    if (view !== undefined) this.#content.items.observe?.(view);
  }

  #nextItems(context: CallContext): string {
    const { isOneByOne, items } = this.#content;
    let data = '';
    for (let trackerId = this.#news.next(); trackerId !== undefined; trackerId = this.#news.next()) {
      const view = this.wants(trackerId) ? openView(context, trackerId) : undefined;
      const item = view === undefined ? undefined : items.itemOf(view, context);
      if (item === undefined) continue;
      data += data === '' ? item : `,${item}`;
      if (isOneByOne || data.length >= frameMaxChars) break;
    }
    return data;
  }
}

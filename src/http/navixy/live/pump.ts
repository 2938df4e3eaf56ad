/**
 * Lets events flow: each subscription's as often as it allows, as fast as its client reads, and in turns of the event loop that leave
 * time for everybody else.
 */
import type { Clock, Timer } from '../../../clock.js';
import type { Outflow } from './outflow.js';

/** What the pump serves. */
export interface PumpedFeed {
  readonly outflow: Outflow;
  /** At most one round in this time, ms; 0 for at once. */
  readonly rateLimitMs: number;
  readonly hasNews: boolean;
  /** What is new until now makes the next messages. */
  beginRound(): void;
  /** Sends the next message of the round; false when the round is over. */
  sendNext(): boolean;
}

/** Events are made for this long at a time, ms. */
const turnMs = 2;

/** Where a feed with something to tell is: it waits for its rate limit, or its events are being made. */
interface Flow {
  readonly timer: Timer | undefined;
  hasBegun: boolean;
}

export class Pump {
  readonly #clock: Clock;
  readonly #failed: (error: unknown) => void;
  readonly #flows = new Map<PumpedFeed, Flow>();
  readonly #ready = new Set<PumpedFeed>();
  /** Not before this may the next round of a feed begin, ms. */
  readonly #nextRoundMs = new WeakMap<PumpedFeed, number>();
  #turn: NodeJS.Immediate | undefined;

  /** `failed` hears of events that could not be made. */
  constructor(clock: Clock, failed: (error: unknown) => void) {
    this.#clock = clock;
    this.#failed = failed;
  }

  /** There may be news. */
  wake(feed: PumpedFeed): void {
    if (!feed.hasNews || this.#flows.has(feed)) return;
    const waitMs = (this.#nextRoundMs.get(feed) ?? 0) - this.#clock.monotonicMs();
    const timer = waitMs > 0 ? this.#clock.after(waitMs, () => this.#begin(feed)) : undefined;
    this.#flows.set(feed, { timer, hasBegun: false });
    if (timer === undefined) this.#begin(feed);
  }

  /** Nothing more comes of a feed. */
  end(feed: PumpedFeed): void {
    this.#flows.get(feed)?.timer?.cancel();
    this.#flows.delete(feed);
    this.#ready.delete(feed);
  }

  stop(): void {
    for (const feed of [...this.#flows.keys()]) this.end(feed);
    if (this.#turn !== undefined) clearImmediate(this.#turn);
  }

  #begin(feed: PumpedFeed): void {
    this.#nextRoundMs.set(feed, this.#clock.monotonicMs() + feed.rateLimitMs);
    this.#makeReady(feed);
  }

  #makeReady(feed: PumpedFeed): void {
    if (!this.#flows.has(feed)) return;
    this.#ready.add(feed);
    this.#turn ??= setImmediate(() => this.#takeTurn());
  }

  #takeTurn(): void {
    this.#turn = undefined;
    const endMs = this.#clock.monotonicMs() + turnMs;
    // What is put back while it goes round comes again at the end, so all are served in turn.
    for (const feed of this.#ready) {
      this.#ready.delete(feed);
      this.#serve(feed);
      if (this.#clock.monotonicMs() >= endMs) break;
    }
    if (this.#ready.size > 0) this.#turn ??= setImmediate(() => this.#takeTurn());
  }

  #serve(feed: PumpedFeed): void {
    const { outflow } = feed;
    const flow = this.#flows.get(feed);
    // Not earlier than in its turn, so that what becomes news at one moment is told in one event.
    if (flow?.hasBegun === false) feed.beginRound();
    if (flow !== undefined) flow.hasBegun = true;
    if (outflow.isFull) {
      outflow.whenRoom(() => this.#makeReady(feed));
      return;
    }
    if (this.#sendNext(feed)) {
      this.#makeReady(feed);
      return;
    }
    this.#flows.delete(feed);
    this.wake(feed);
  }

  /** False when the round is over. A tracker whose event cannot be made is passed over. */
  #sendNext(feed: PumpedFeed): boolean {
    try {
      return feed.sendNext();
    } catch (error) {
      this.#failed(error);
      return true;
    }
  }
}

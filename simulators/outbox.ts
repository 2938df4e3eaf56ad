/**
 * The memory of a virtual unit: records that the server has not acknowledged, oldest first, and the frames they are under way in.
 * A record leaves it only by its acknowledgement, or when the memory is full and the oldest has to go. Invariant: a record stands
 * either in the queue or in one frame that waits for its acknowledgement.
 *
 * Which records share a frame depends on their order alone, never on when an acknowledgement came: live records travel in groups of
 * the batch size, records from memory in frames as large as the protocol takes.
 */
import type { StateUpdate } from '../src/domain/update.js';
import type { OutgoingFrame } from './behavior.js';

/** A frame that waits for its acknowledgement. */
export interface Waiting {
  readonly frame: OutgoingFrame;
  readonly updates: readonly StateUpdate[];
  /** When it was sent last, ms of the monotonic clock. */
  sentMs: number;
  /** Times it went out, as far as the unit knows. */
  sends: number;
  /** Acknowledgements to come before it is done with: on a stream a duplicate brings a second one. */
  due: number;
  /** The first acknowledgement has come; its records are no longer the unit's. */
  confirmed: boolean;
}

/**
 * - `accepted`: the records of `waiting` are acknowledged.
 * - `repeated`: the further acknowledgement of a duplicate.
 * - `short`, `excess`: the server counted fewer or more records than the frame had; the frame goes back into the queue.
 * - `unknown`: no frame waits for it.
 */
export type AckVerdict =
  | { readonly kind: 'accepted'; readonly waiting: Waiting }
  | { readonly kind: 'repeated' | 'short' | 'excess' | 'unknown' };

export class Outbox {
  readonly #limit: number;
  readonly #batch: number;
  #queue: StateUpdate[] = [];
  #waiting: Waiting[] = [];
  /** Live records at the end of the queue that are too few for a frame yet. */
  #loose = 0;
  /** Records at the head of the queue that have gone out before. */
  #sentBefore = 0;

  /** `limit`: most records kept in the queue. `batch`: live records collected for one frame. */
  constructor(limit: number, batch: number) {
    this.#limit = limit;
    this.#batch = batch;
  }

  /** Records that are not acknowledged. */
  get pending(): number {
    let count = this.#queue.length;
    for (const each of this.#waiting) if (!each.confirmed) count += each.updates.length;
    return count;
  }

  get framesWaiting(): number {
    return this.#waiting.length;
  }

  /** The oldest record that is not under way. */
  get head(): StateUpdate | undefined {
    return this.#queue[0];
  }

  /** The frame that waits longest. */
  get oldest(): Waiting | undefined {
    return this.#waiting[0];
  }

  get waiting(): readonly Waiting[] {
    return this.#waiting;
  }

  /** Adds the newest record. Returns how many of the oldest were lost to make room: 0 or 1. */
  push(update: StateUpdate): number {
    this.#queue.push(update);
    this.#loose = update.backlog || this.#loose + 1 >= this.#batch ? 0 : this.#loose + 1;
    return this.#queue.length > this.#limit ? this.discard(1) : 0;
  }

  /** Forgets the `count` oldest records of the queue. Returns how many there were to forget. */
  discard(count: number): number {
    const gone = this.#queue.splice(0, count).length;
    this.#sentBefore = Math.max(0, this.#sentBefore - gone);
    this.#loose = Math.min(this.#loose, this.#queue.length);
    return gone;
  }

  /** Lets records go that wait for their batch to fill. */
  flush(): void {
    this.#loose = 0;
  }

  /** Records for the next frame, at most `max`; empty when none are ready. They stay in the queue until `sent`. */
  peek(max: number): StateUpdate[] {
    const ready = this.#queue.length - this.#loose;
    const head = this.#queue[0];
    if (ready === 0 || head === undefined) return [];
    const most = Math.min(ready, head.backlog ? max : Math.min(max, this.#batch));
    let count = 1;
    while (count < most && this.#queue[count]?.backlog === head.backlog) count++;
    return this.#queue.slice(0, count);
  }

  /** Moves the records of `frame` out of the queue: it went out `sends` times, `due` answers may come. Returns how many of them had gone out before. */
  sent(frame: OutgoingFrame, nowMs: number, copies: { readonly sends: number; readonly due: number }): number {
    const updates = this.#queue.splice(0, frame.records);
    const again = Math.min(this.#sentBefore, updates.length);
    this.#sentBefore -= again;
    this.#waiting.push({ frame, updates, sentMs: nowMs, ...copies, confirmed: false });
    return again;
  }

  /** Takes an acknowledgement of `records` records (undefined: all) for the frame of `tag` (undefined: the oldest frame). */
  acknowledge(tag: number | undefined, records: number | undefined): AckVerdict {
    const at = tag === undefined ? 0 : this.#waiting.findIndex((each) => each.frame.tag === tag);
    const waiting = this.#waiting[at];
    if (waiting === undefined) return { kind: 'unknown' };
    waiting.due--;
    if (waiting.due <= 0) this.#waiting.splice(at, 1);
    if (waiting.confirmed) return { kind: 'repeated' };
    if (records !== undefined && records !== waiting.frame.records) {
      if (waiting.due <= 0) this.#putBack([waiting]);
      return { kind: records < waiting.frame.records ? 'short' : 'excess' };
    }
    waiting.confirmed = true;
    return { kind: 'accepted', waiting };
  }

  /** Puts everything that is under way back into the queue: the connection is gone. */
  requeue(): void {
    const unconfirmed = this.#waiting.filter((each) => !each.confirmed);
    this.#waiting = [];
    if (unconfirmed.length > 0) this.#putBack(unconfirmed);
  }

  #putBack(frames: readonly Waiting[]): void {
    const updates = frames.flatMap((each) => each.updates);
    this.#queue = [...updates, ...this.#queue];
    this.#sentBefore += updates.length;
  }
}

/**
 * What one client was sent and has not taken yet. Whoever makes messages asks first whether there is room, and is told when there is
 * again; a client that takes nothing of what waits for it is noticed.
 */
import type { Clock } from '../../../clock.js';
import type { LiveLimits } from './limits.js';

export type OutflowLimits = Pick<LiveLimits, 'liveSendBufferMaxBytes' | 'liveStallTimeoutMs'>;

export interface OutflowOptions {
  readonly limits: OutflowLimits;
  readonly clock: Clock;
  /** What waits for the client now. */
  readonly bufferedBytes: () => number;
}

export class Outflow {
  readonly #limits: OutflowLimits;
  readonly #clock: Clock;
  readonly #bufferedBytes: () => number;
  readonly #waiting: (() => void)[] = [];
  /** When something was last taken by the client; when the first of what waits was sent. */
  #movedMs: number;

  constructor({ limits, clock, bufferedBytes }: OutflowOptions) {
    this.#limits = limits;
    this.#clock = clock;
    this.#bufferedBytes = bufferedBytes;
    this.#movedMs = clock.monotonicMs();
  }

  get bufferedBytes(): number {
    return this.#bufferedBytes();
  }

  /** No more is to be made for this client until it has taken some of what waits. */
  get isFull(): boolean {
    return this.#bufferedBytes() >= this.#limits.liveSendBufferMaxBytes;
  }

  /** So much waits that even answers are too much. */
  get isOverfull(): boolean {
    return this.#bufferedBytes() >= 2 * this.#limits.liveSendBufferMaxBytes;
  }

  /** The client has taken nothing of what waits for too long. */
  get isStalled(): boolean {
    const standsMs = this.#clock.monotonicMs() - this.#movedMs;
    return this.#bufferedBytes() > 0 && standsMs >= this.#limits.liveStallTimeoutMs;
  }

  /** Calls `go` once when there is room. */
  whenRoom(go: () => void): void {
    this.#waiting.push(go);
  }

  /** Something is about to be sent. */
  sending(): void {
    if (this.#bufferedBytes() === 0) this.#movedMs = this.#clock.monotonicMs();
  }

  /** The client has taken something. */
  moved(): void {
    this.#movedMs = this.#clock.monotonicMs();
    if (this.isFull) return;
    for (const go of this.#waiting.splice(0)) go();
  }

  /** Called once the connection has ended. */
  release(): void {
    this.#waiting.length = 0;
  }
}

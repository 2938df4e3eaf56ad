/**
 * A limit of requests a second for each of many keys (addresses, users): token buckets in bounded memory. When the table is full the key
 * that was seen longest ago is forgotten, which gives it a full bucket again.
 */
import type { Clock } from '../clock.js';

interface Bucket {
  tokens: number;
  filledAt: number;
}

export interface RateLimitOptions {
  readonly clock: Clock;
  /** Requests a second, and as many at once; 0 for no limit. */
  readonly perSecond: number;
  /** Most keys remembered. */
  readonly maxKeys?: number;
}

export class RateLimiter {
  readonly #clock: Clock;
  readonly #perSecond: number;
  readonly #maxKeys: number;
  readonly #buckets = new Map<string, Bucket>();

  constructor(options: RateLimitOptions) {
    this.#clock = options.clock;
    this.#perSecond = options.perSecond;
    this.#maxKeys = options.maxKeys ?? 20_000;
  }

  /** Number of keys remembered. */
  get size(): number {
    return this.#buckets.size;
  }

  /** Takes one request of `key` into account; false when it is over the limit. */
  take(key: string): boolean {
    if (this.#perSecond === 0) return true;
    const bucket = this.#bucketOf(key);
    const now = this.#clock.monotonicMs();
    const gained = ((now - bucket.filledAt) / 1000) * this.#perSecond;
    bucket.tokens = Math.min(this.#perSecond, bucket.tokens + gained);
    bucket.filledAt = now;
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }

  #bucketOf(key: string): Bucket {
    const known = this.#buckets.get(key);
    if (known !== undefined) {
      this.#buckets.delete(key);
      this.#buckets.set(key, known);
      return known;
    }
    const [oldest] = this.#buckets.keys();
    if (this.#buckets.size >= this.#maxKeys && oldest !== undefined) this.#buckets.delete(oldest);
    const bucket = { tokens: this.#perSecond, filledAt: this.#clock.monotonicMs() };
    this.#buckets.set(key, bucket);
    return bucket;
  }
}

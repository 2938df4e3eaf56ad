/**
 * How long a unit waits before it tries again: twice as long after every failure in a row, and by chance between half and all of that,
 * so that a fleet does not come back as one.
 */
import type { Random } from './random.js';

export interface BackoffLimits {
  /** First and longest wait, ms. */
  readonly min: number;
  readonly max: number;
}

const mostDoublings = 20;

export class Backoff {
  readonly #limitsMs: BackoffLimits;
  readonly #random: Random;
  #failures = 0;

  constructor(limitsMs: BackoffLimits, random: Random) {
    this.#limitsMs = limitsMs;
    this.#random = random;
  }

  get minMs(): number {
    return this.#limitsMs.min;
  }

  /** Notes a failure and tells how long to wait, ms. */
  failed(): number {
    const doublings = Math.min(this.#failures++, mostDoublings);
    return Math.min(this.#limitsMs.max, this.#limitsMs.min * 2 ** doublings) * this.#random.between(0.5, 1);
  }

  reset(): void {
    this.#failures = 0;
  }
}

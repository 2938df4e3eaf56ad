/**
 * The one source of chance of the virtual fleet: a seeded generator (sfc32), so that the same seed gives the same fleet, the same
 * drives and the same bytes. Every unit draws from streams of its own, so that what one does never moves another.
 */

/** One step of splitmix32: spreads a seed over all 32 bits. */
function mix(seed: number): number {
  let z = (seed + 0x9e37_79b9) | 0;
  z = Math.imul(z ^ (z >>> 16), 0x85eb_ca6b);
  z = Math.imul(z ^ (z >>> 13), 0xc2b2_ae35);
  return z ^ (z >>> 16);
}

export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /** `stream` numbers tell independent generators of one seed apart: unit, then purpose. */
  constructor(seed: number, ...stream: number[]) {
    let state = mix(seed >>> 0) ^ mix(Math.floor(seed / 0x1_0000_0000) >>> 0);
    for (const each of stream) state = mix(state ^ mix(each));
    this.#a = state;
    this.#b = mix(state);
    this.#c = mix(this.#b);
    for (let i = 0; i < 12; i++) this.uint32();
  }

  /** 0 to 2^32 - 1. */
  uint32(): number {
    const result = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + result) | 0;
    return result >>> 0;
  }

  /** 0 up to, but not, 1. */
  fraction(): number {
    return this.uint32() / 0x1_0000_0000;
  }

  /** A number between `min` and `max`. */
  between(min: number, max: number): number {
    return min + (max - min) * this.fraction();
  }

  /** A whole number from `min` to `max`, both included. */
  integer(min: number, max: number): number {
    return min + Math.floor(this.fraction() * (max - min + 1));
  }

  /** True with probability `rate`, 0 to 1. Draws also when the answer is certain, so that streams stay aligned. */
  chance(rate: number): boolean {
    return this.fraction() < rate;
  }

  /** One of `items`, which must not be empty. */
  pick<T>(items: readonly T[]): T {
    return items[this.integer(0, items.length - 1)] as T;
  }

  /** About normal, mean 0 and deviation 1: the sum of four uniform draws, never beyond 3.5. */
  noise(): number {
    return (this.fraction() + this.fraction() + this.fraction() + this.fraction() - 2) * Math.sqrt(3);
  }
}

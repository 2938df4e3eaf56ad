/**
 * Values over time, in bounded number: when they become too many, of those close together only the last is kept.
 */

export interface Sample<V = number> {
  /** ms since 1970 UTC. */
  readonly at: number;
  readonly value: V;
}

export class Samples<V = number> {
  readonly #limit: number;
  #kept = new Map<number, Sample<V>>();
  #stepMs = 1;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Of several of one time the one that came last counts. */
  put(at: number, value: V): void {
    const step = Math.floor(at / this.#stepMs);
    const old = this.#kept.get(step);
    if (old !== undefined && old.at > at) return;
    this.#kept.set(step, { at, value });
    if (this.#kept.size > this.#limit) this.#widen();
  }

  /** By their times. */
  inOrder(): Sample<V>[] {
    return [...this.#kept.values()].sort((left, right) => left.at - right.at);
  }

  /** Makes steps so wide that half as many hold all that is kept. */
  #widen(): void {
    const all = this.inOrder();
    const spanMs = (all.at(-1)?.at ?? 0) - (all[0]?.at ?? 0) + 1;
    this.#stepMs = Math.max(this.#stepMs * 2, Math.ceil((2 * spanMs) / this.#limit));
    this.#kept = new Map();
    for (const sample of all) this.#kept.set(Math.floor(sample.at / this.#stepMs), sample);
  }
}

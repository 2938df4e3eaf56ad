/**
 * Trackers that there is something new to tell of. They are noted, not queued: who is slow misses what lies between, never the newest, and
 * costs no more than a set of ids.
 */

export class News {
  /** Those that belong to the next round. */
  #noted = new Set<number>();
  /** Those of the round under way. */
  #round = new Set<number>();
  #rest: Iterator<number> = this.#round.values();

  /** Whether there is anything for a next round. */
  get hasAny(): boolean {
    return this.#noted.size > 0;
  }

  /** What is noted and was not given out yet. */
  get untold(): readonly number[] {
    return [...this.#round, ...this.#noted];
  }

  /** What the round under way comes to in its turn is not noted again. */
  note(trackerId: number): void {
    if (!this.#round.has(trackerId)) this.#noted.add(trackerId);
  }

  /** What is noted until now makes the round. */
  beginRound(): void {
    this.#round = this.#noted;
    this.#rest = this.#round.values();
    this.#noted = new Set();
  }

  /** The next of the round, each once; undefined when it is over. */
  next(): number | undefined {
    const { done, value } = this.#rest.next();
    if (done === true) return undefined;
    this.#round.delete(value);
    return value;
  }

  endRound(): void {
    this.#round.clear();
  }
}

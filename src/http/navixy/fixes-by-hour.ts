/**
 * Fixes of a long time in order, in bounded memory: they come in any order, are held as columns of numbers (24 bytes each), and are sorted
 * hour by hour, so that nothing takes a long step.
 */

const hourMs = 3_600_000;
const firstFixes = 64;

export interface TimedFix {
  /** ms since 1970 UTC. */
  readonly at: number;
  /** Degrees WGS 84. */
  readonly lat: number;
  readonly lng: number;
  readonly speedKmh: number;
}

export class FixesByHour {
  readonly #limit: number;
  readonly #hours = new Map<number, HourOfFixes>();
  #size = 0;

  /** `limit`: most fixes taken. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Returns false when there is no room for another. */
  add(fix: TimedFix): boolean {
    if (this.#size >= this.#limit) return false;
    this.#size++;
    const number = Math.floor(fix.at / hourMs);
    let hour = this.#hours.get(number);
    if (hour === undefined) {
      hour = new HourOfFixes(number * hourMs);
      this.#hours.set(number, hour);
    }
    hour.add(fix);
    return true;
  }

  /** Of several of one time the one that came first is the first. */
  *inOrder(): Generator<TimedFix> {
    const numbers = [...this.#hours.keys()].sort((left, right) => left - right);
    for (const number of numbers) {
      const hour = this.#hours.get(number);
      if (hour !== undefined) yield* hour.inOrder();
    }
  }
}

class HourOfFixes {
  readonly #startAt: number;
  #count = 0;
  #isSorted = true;
  /** Latitude and longitude of each. */
  #places = new Float64Array(2 * firstFixes);
  /** Time since the start, ms, and speed of each: times within an hour are whole numbers that 32 bits hold. */
  #marks = new Float32Array(2 * firstFixes);

  constructor(startAt: number) {
    this.#startAt = startAt;
  }

  add({ at, lat, lng, speedKmh }: TimedFix): void {
    const place = 2 * this.#count;
    if (place === this.#places.length) this.#grow();
    const sinceMs = at - this.#startAt;
    if (place > 0 && sinceMs < (this.#marks[place - 2] as number)) this.#isSorted = false;
    this.#places[place] = lat;
    this.#places[place + 1] = lng;
    this.#marks[place] = sinceMs;
    this.#marks[place + 1] = speedKmh;
    this.#count++;
  }

  *inOrder(): Generator<TimedFix> {
    const order = this.#isSorted ? undefined : this.#sorted();
    for (let i = 0; i < this.#count; i++) {
      const place = 2 * (order?.[i] ?? i);
      yield {
        at: this.#startAt + (this.#marks[place] as number),
        lat: this.#places[place] as number,
        lng: this.#places[place + 1] as number,
        speedKmh: this.#marks[place + 1] as number,
      };
    }
  }

  #sorted(): Uint32Array {
    const marks = this.#marks;
    const order = Uint32Array.from({ length: this.#count }, (_, i) => i);
    return order.sort((left, right) => (marks[2 * left] as number) - (marks[2 * right] as number) || left - right);
  }

  #grow(): void {
    const places = new Float64Array(2 * this.#places.length);
    const marks = new Float32Array(2 * this.#marks.length);
    places.set(this.#places);
    marks.set(this.#marks);
    this.#places = places;
    this.#marks = marks;
  }
}

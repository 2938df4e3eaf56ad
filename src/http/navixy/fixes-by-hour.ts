/**
 * Fixes of a long time in order, in bounded memory: they come in any order, are held as columns of numbers (24 bytes each) hour by
 * hour, and are sorted second by second, so that nothing takes a long step.
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
    if (this.#isSorted) for (let i = 0; i < this.#count; i++) yield this.#fix(i);
    else for (const places of this.#bySecond()) for (const i of places) yield this.#fix(i);
  }

  #fix(i: number): TimedFix {
    return {
      at: this.#startAt + (this.#marks[2 * i] as number),
      lat: this.#places[2 * i] as number,
      lng: this.#places[2 * i + 1] as number,
      speedKmh: this.#marks[2 * i + 1] as number,
    };
  }

  /** Places in order, second by second: sorting an hour of millions at once would hold everything up. */
  *#bySecond(): Generator<readonly number[]> {
    const marks = this.#marks;
    // For each second a chain of places, in the order in which they came.
    const firsts = new Int32Array(hourMs / 1000).fill(-1);
    const nexts = new Int32Array(this.#count);
    for (let i = this.#count - 1; i >= 0; i--) {
      const second = Math.floor((marks[2 * i] as number) / 1000);
      nexts[i] = firsts[second] as number;
      firsts[second] = i;
    }
    for (const first of firsts) {
      const places: number[] = [];
      for (let i = first; i >= 0; i = nexts[i] as number) places.push(i);
      yield places.sort((left, right) => (marks[2 * left] as number) - (marks[2 * right] as number));
    }
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

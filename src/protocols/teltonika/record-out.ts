/**
 * Collects what one record says while its elements are mapped. One instance serves all records: `begin` starts a record, `names` ends
 * it. Invariant: no name stands twice.
 *
 * Records of a unit say the same things in the same order, so a record whose names turn out to be those of the record before shares
 * its array of names: that saves a third of the mapping's time, and the fold and the journal see the same array again.
 */
import type { FieldValue } from '../../domain/update.js';
import { type IoRow, rawName } from './spec.js';

/** Elements that wait until the others are mapped: row `rows[i]` with raw value `high[i]`, `low[i]`. */
export class LateElements {
  readonly rows: IoRow[] = [];
  /** Bits 32 to 63; 0 for narrower elements. */
  readonly high: number[] = [];
  /** Bits 0 to 31, two's complement. */
  readonly low: number[] = [];

  get length(): number {
    return this.rows.length;
  }

  add(row: IoRow, high: number, low: number): void {
    this.rows.push(row);
    this.high.push(high);
    this.low.push(low);
  }

  clear(): void {
    this.rows.length = 0;
    this.high.length = 0;
    this.low.length = 0;
  }

  /** Index of the element `id`, or -1. */
  indexOf(id: number): number {
    return this.rows.findIndex((row) => row.id === id);
  }
}

export class RecordOut {
  values: FieldValue[] = [];
  /** The receiver says that the coordinates are the last known ones. */
  lastKnown = false;
  /** Malfunction lamp, once an element tells it. */
  lamp: boolean | undefined = undefined;
  readonly late = new LateElements();
  /** Names of the record before; never changed. */
  expected: readonly string[] = [];
  /** Names of this record, once they differ from those expected. */
  own: string[] | null = null;

  begin(): void {
    this.values = [];
    this.lastKnown = false;
    this.lamp = undefined;
    this.own = null;
    if (this.late.length > 0) this.late.clear();
  }

  /** Adds a value whose name is known to be free. */
  push(name: string, value: FieldValue): void {
    if (this.own !== null) this.own.push(name);
    else if (this.expected[this.values.length] !== name) this.diverge(name);
    this.values.push(value);
  }

  /** Goes on with names of its own, `name` the next of them. */
  diverge(name: string): string[] {
    const own = this.expected.slice(0, this.values.length);
    own.push(name);
    this.own = own;
    return own;
  }

  /** The names of the record, which ends with this call. */
  names(): readonly string[] {
    if (this.own !== null || this.values.length !== this.expected.length) this.expected = this.#ownNames();
    this.own = null;
    return this.expected;
  }

  #ownNames(): string[] {
    this.own ??= this.expected.slice(0, this.values.length);
    return this.own;
  }

  /** Lets values added from index `from` on replace earlier ones of the same name. */
  collapse(from: number): void {
    const names = this.#ownNames();
    for (let at = names.length - 1; at >= from; at--) {
      const earlier = names.indexOf(names[at] as string);
      if (earlier === at) continue;
      this.values[earlier] = this.values[at] as FieldValue;
      names.splice(at, 1);
      this.values.splice(at, 1);
    }
  }

  get(name: string): FieldValue | undefined {
    const at = this.#ownNames().indexOf(name);
    return at < 0 ? undefined : this.values[at];
  }

  /** Adds a value, in the place of an earlier one of that name. */
  set(name: string, value: FieldValue): void {
    const at = this.#ownNames().indexOf(name);
    if (at < 0) this.push(name, value);
    else this.values[at] = value;
  }

  /** Adds a value unless the name has one. */
  fill(name: string, value: FieldValue): void {
    if (this.get(name) === undefined) this.push(name, value);
  }

  /**
   * Adds the value of an element whose name another element may have taken: what differs goes to `row.otherwise`, or is kept `raw`
   * under the element's own number.
   */
  offer(row: IoRow, value: FieldValue, raw: FieldValue): void {
    const taken = this.get(row.name);
    if (taken === undefined) this.push(row.name, value);
    else if (row.otherwise !== undefined) this.set(row.otherwise, value);
    else if (taken !== value) this.set(rawName(row.id), raw);
  }
}

/**
 * Records that wait for their commit, held as columns of numbers instead of objects. They wait by the ten thousand, and objects that
 * outlive their turn are moved about by the garbage collector: that took a third of the gateway's time. Records are copied in, and
 * copied out anew when they are wanted.
 */
import type { FieldValue, Position, StateUpdate } from '../domain/update.js';

/** How a value is held: a number or a boolean in the column of numbers, anything else in that of objects. */
const kind = { number: 0, boolean: 1, object: 2 } as const;

/** Numbers of a record: its time, its position, and where its values start. */
const stride = 8;
const flag = { timed: 1, backlog: 2, positioned: 4, valid: 8 } as const;

const firstRecords = 64;
const valuesPerRecord = 24;

export class RecordColumns {
  readonly #names: (readonly string[])[] = [];
  readonly #objects: FieldValue[] = [];
  #flags = new Uint8Array(firstRecords);
  #heads = new Float64Array(firstRecords * stride);
  #values = new Float64Array(firstRecords * valuesPerRecord);
  #kinds = new Uint8Array(firstRecords * valuesPerRecord);
  #valueCount = 0;
  #count = 0;

  /** Records held. */
  get count(): number {
    return this.#count;
  }

  /** Bytes of the columns. */
  get sizeBytes(): number {
    return 8 * (this.#heads.length + this.#values.length) + this.#flags.length + this.#kinds.length;
  }

  /** Copies a record in, at index `count`. */
  add({ at, timed, backlog, position, names, values }: StateUpdate): void {
    const index = this.#count++;
    if (index === this.#flags.length) this.#growRecords();
    if (this.#valueCount + values.length > this.#values.length) this.#growValues(values.length);
    this.#names[index] = names;
    const heads = this.#heads;
    const head = index * stride;
    heads[head] = at;
    heads[head + 1] = this.#valueCount;
    let flags = (timed ? flag.timed : 0) | (backlog ? flag.backlog : 0);
    if (position !== null) {
      flags |= position.valid ? flag.positioned | flag.valid : flag.positioned;
      heads[head + 2] = position.lat ?? Number.NaN;
      heads[head + 3] = position.lng ?? Number.NaN;
      heads[head + 4] = position.speedKmh ?? Number.NaN;
      heads[head + 5] = position.headingDeg ?? Number.NaN;
      heads[head + 6] = position.altitudeM ?? Number.NaN;
      heads[head + 7] = position.satellites ?? Number.NaN;
    }
    this.#flags[index] = flags;
    this.#addValues(values);
  }

  /** Record `index`, as a new object. */
  record(index: number): StateUpdate {
    const flags = this.#flags[index] as number;
    const head = index * stride;
    const names = this.#names[index] as readonly string[];
    return {
      at: this.#heads[head] as number,
      timed: (flags & flag.timed) !== 0,
      backlog: (flags & flag.backlog) !== 0,
      position: (flags & flag.positioned) === 0 ? null : this.#position(head, (flags & flag.valid) !== 0),
      names,
      values: this.#valuesFrom(this.#heads[head + 1] as number, names.length),
    };
  }

  /** Forgets all records; the columns stay for the next ones. */
  clear(): void {
    this.#count = 0;
    this.#valueCount = 0;
    this.#objects.length = 0;
  }

  #addValues(values: readonly FieldValue[]): void {
    const numbers = this.#values;
    const kinds = this.#kinds;
    let at = this.#valueCount;
    for (let i = 0; i < values.length; i++, at++) {
      const value = values[i] as FieldValue;
      if (typeof value === 'number') {
        numbers[at] = value;
        kinds[at] = kind.number;
      } else if (typeof value === 'boolean') {
        numbers[at] = value ? 1 : 0;
        kinds[at] = kind.boolean;
      } else {
        numbers[at] = this.#objects.push(value) - 1;
        kinds[at] = kind.object;
      }
    }
    this.#valueCount = at;
  }

  #valuesFrom(from: number, count: number): FieldValue[] {
    const numbers = this.#values;
    const kinds = this.#kinds;
    const values: FieldValue[] = [];
    for (let at = from; at < from + count; at++) {
      const number = numbers[at] as number;
      if (kinds[at] === kind.number) values.push(number);
      else values.push(kinds[at] === kind.boolean ? number !== 0 : (this.#objects[number] as FieldValue));
    }
    return values;
  }

  #position(head: number, valid: boolean): Position {
    const heads = this.#heads;
    const lat = heads[head + 2] as number;
    const lng = heads[head + 3] as number;
    return {
      lat: Number.isNaN(lat) ? null : lat,
      lng: Number.isNaN(lng) ? null : lng,
      valid,
      speedKmh: known(heads[head + 4] as number),
      headingDeg: known(heads[head + 5] as number),
      altitudeM: known(heads[head + 6] as number),
      satellites: known(heads[head + 7] as number),
    };
  }

  #growRecords(): void {
    this.#flags = grown(this.#flags, new Uint8Array(this.#flags.length * 2));
    this.#heads = grown(this.#heads, new Float64Array(this.#heads.length * 2));
  }

  #growValues(more: number): void {
    const length = Math.max(this.#values.length * 2, this.#valueCount + more);
    this.#values = grown(this.#values, new Float64Array(length));
    this.#kinds = grown(this.#kinds, new Uint8Array(length));
  }
}

function known(value: number): number | undefined {
  return Number.isNaN(value) ? undefined : value;
}

function grown<T extends Uint8Array | Float64Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

/**
 * The state of one unit: a fold over its records. Every field carries the time at which the unit sampled it, and a record never
 * overwrites what a later one said, field by field. Applying the same record twice changes nothing.
 */
import { HourMeter, Odometer } from './counters.js';
import type { FieldValue, Position, StateUpdate } from './update.js';

/** Raised whenever the same records fold to another state: what snapshots hold is then made anew from the journal. */
export const stateVersion = 2;

/** Most named fields kept for one unit; further names stay in the journal only. */
export const maxFieldsPerUnit = 512;

/** Layouts shared by all units; beyond this many a unit gets one of its own. */
const maxSharedLayouts = 4096;
let sharedLayouts = 0;

/** The order of field names. Units of one kind report the same names in the same order and share one layout. */
class Layout {
  readonly names: string[];
  readonly #next = new Map<string, Layout>();
  #index: Map<string, number> | undefined;
  readonly shared: boolean;

  constructor(names: string[], shared: boolean) {
    this.names = names;
    this.shared = shared;
    if (shared) sharedLayouts++;
  }

  indexOf(name: string): number {
    this.#index ??= new Map(this.names.map((each, i) => [each, i]));
    return this.#index.get(name) ?? -1;
  }

  /** The layout with `name` added at the end. */
  with(name: string): Layout {
    if (!this.shared) {
      this.indexOf(name);
      this.#index?.set(name, this.names.length);
      this.names.push(name);
      return this;
    }
    const known = this.#next.get(name);
    if (known !== undefined) return known;
    const names = [...this.names, name];
    if (sharedLayouts >= maxSharedLayouts) return new Layout(names, false);
    const next = new Layout(names, true);
    this.#next.set(name, next);
    return next;
  }
}

const emptyLayout = new Layout([], true);

/** The field that engine hours are counted by. */
const ignitionName = 'ignition';

/** Named values, each with its time. */
export class FieldSet {
  #layout = emptyLayout;
  readonly #values: FieldValue[] = [];
  readonly #times: number[] = [];
  #ignitionSlot = -1;

  /** Place of the ignition; -1 while the unit has not reported it. */
  get ignitionSlot(): number {
    return this.#ignitionSlot;
  }

  get size(): number {
    return this.#values.length;
  }

  get names(): readonly string[] {
    return this.#layout.names;
  }

  valueAt(index: number): FieldValue {
    return this.#values[index] as FieldValue;
  }

  timeAt(index: number): number {
    return this.#times[index] as number;
  }

  get(name: string): { readonly value: FieldValue; readonly at: number } | undefined {
    const index = this.#layout.indexOf(name);
    return index < 0 ? undefined : { value: this.valueAt(index), at: this.timeAt(index) };
  }

  /**
   * Takes over every value that is not older than the one kept. The names of a unit come in the same order each time, so the
   * position of the last name tells that of the next: this loop costs a few ns a field.
   */
  merge(names: readonly string[], values: readonly FieldValue[], at: number): void {
    let expected = 0;
    for (let i = 0; i < names.length; i++) {
      const name = names[i] as string;
      const index = this.#layout.names[expected] === name ? expected : this.#slotOf(name);
      expected = index + 1;
      if (index >= 0 && at >= (this.#times[index] as number)) {
        this.#values[index] = values[i] as FieldValue;
        this.#times[index] = at;
      }
    }
  }

  #slotOf(name: string): number {
    const index = this.#layout.indexOf(name);
    if (index >= 0) return index;
    if (this.#values.length >= maxFieldsPerUnit) return -1;
    this.#layout = this.#layout.with(name);
    this.#values.push(false);
    this.#times.push(Number.NEGATIVE_INFINITY);
    if (name === ignitionName) this.#ignitionSlot = this.#values.length - 1;
    return this.#values.length - 1;
  }
}

/** A fix of the receiver: degrees, km/h, ms since 1970 UTC; satellites -1 for unknown. */
export interface GpsPoint {
  readonly at: number;
  readonly lat: number;
  readonly lng: number;
  readonly headingDeg: number;
  readonly speedKmh: number;
  readonly satellites: number;
}

export type MovementStatus = 'moving' | 'stopped' | 'parked';

/** When a trip starts and ends (Navixy's trip detection settings). */
export interface TripDetection {
  /** Below this speed a unit is idle, km/h; 0 means never idle. */
  readonly idleSpeedKmh: number;
  /** Idle for this long ends the trip, ms. */
  readonly minIdleMs: number;
  /** A trip starts only with the ignition on, and ends at once when it is off. Has no effect on units that do not report it. */
  readonly ignitionAware?: boolean;
  /** A trip starts only in motion, and a unit at rest is idle at any speed. The ignition goes before it. */
  readonly motionAware?: boolean;
}

export const defaultTripDetection: TripDetection = { idleSpeedKmh: 3, minIdleMs: 5 * 60_000 };

/** What is known of a unit. Times are ms since 1970 UTC, 0 for never. */
export class UnitState {
  readonly fields = new FieldSet();
  /** Distance by the fixes of the receiver. */
  readonly odometer = new Odometer();
  /** Time with the ignition on. */
  readonly hourMeter = new HourMeter();
  /** Coordinates of the last valid fix; null before the first. */
  lat: number | null = null;
  lng: number | null = null;
  altitudeM = 0;
  headingDeg = 0;
  speedKmh = 0;
  /** Satellites of the newest record with a position; -1 unknown. */
  satellites = -1;
  /** Time of the last valid fix. */
  fixAt = 0;
  /** Time of the newest record with a position part, valid or not. */
  positionAt = 0;
  /** Position came from cells or access points. */
  positionFromCells = false;
  /** The last fix of the receiver, from when positions began to come from cells; null while they do not. */
  lastGpsPoint: GpsPoint | null = null;
  /** When the gateway last received anything from the unit. */
  heardAt = 0;
  /** Time of the newest record that became state. */
  recordAt = 0;
  movement: MovementStatus = 'parked';
  movementAt = 0;
  /** Time of the last point that extended a trip. */
  trackAt = 0;
  /** Since when the unit has been below the idle speed; 0 while it is not. */
  idleSince = 0;
  /** Time of the newest fix that movement was judged by. */
  judgedAt = 0;
  #version = 0;

  /** Grows with every record folded in since the process started: what was made of the state is stale when it has grown. */
  get version(): number {
    return this.#version;
  }

  /** Folds one record in. The caller has judged its time (`time-rules.ts`); `at` is the time to file it under. */
  apply(update: StateUpdate, at: number, receivedAt: number, trips: TripDetection = defaultTripDetection): void {
    this.#version++;
    if (receivedAt > this.heardAt) this.heardAt = receivedAt;
    if (at > this.recordAt) this.recordAt = at;
    this.fields.merge(update.names, update.values, at);
    const { ignitionSlot } = this.fields;
    if (ignitionSlot >= 0) {
      this.hourMeter.add(this.fields.valueAt(ignitionSlot) === true, this.fields.timeAt(ignitionSlot));
    }
    const position = update.position;
    if (position !== null) this.#applyPosition(position, at, update.names.includes('gps_lbs'), trips);
  }

  #applyPosition(position: Position, at: number, fromCells: boolean, trips: TripDetection): void {
    const satellitesBefore = this.satellites;
    if (at >= this.positionAt) {
      this.positionAt = at;
      this.satellites = position.satellites ?? -1;
    }
    if (!position.valid || position.lat === null || position.lng === null || at < this.fixAt) return;
    if (fromCells !== this.positionFromCells) this.lastGpsPoint = fromCells ? this.#gpsPoint(satellitesBefore) : null;
    this.fixAt = at;
    this.lat = position.lat;
    this.lng = position.lng;
    this.positionFromCells = fromCells;
    this.speedKmh = position.speedKmh ?? 0;
    if (position.headingDeg !== undefined) this.headingDeg = position.headingDeg;
    if (position.altitudeM !== undefined) this.altitudeM = position.altitudeM;
    if (fromCells || at <= this.judgedAt) return;
    this.odometer.add(position.lat, position.lng, this.speedKmh, at);
    this.#judgeMovement(at, trips);
  }

  #gpsPoint(satellites: number): GpsPoint | null {
    const { fixAt: at, lat, lng, headingDeg, speedKmh } = this;
    return lat === null || lng === null ? null : { at, lat, lng, headingDeg, speedKmh, satellites };
  }

  #judgeMovement(at: number, trips: TripDetection): void {
    this.judgedAt = at;
    const isIgnitionOff = trips.ignitionAware === true && this.fields.get('ignition')?.value === false;
    const followsMotion = trips.motionAware === true && trips.ignitionAware !== true;
    const isAtRest = followsMotion && this.fields.get('moving')?.value === false;
    // With the ignition off a trip that is under way goes on while the unit moves, as on a tow truck; none starts.
    const isHeld = isAtRest || (isIgnitionOff && this.movement === 'parked');
    if (this.speedKmh >= trips.idleSpeedKmh && !isHeld) {
      this.idleSince = 0;
      this.trackAt = at;
      this.#setMovement('moving', at);
      return;
    }
    if (this.movement === 'parked') {
      if (this.movementAt === 0) this.movementAt = at;
      return;
    }
    if (this.idleSince === 0) this.idleSince = at;
    const isOver = isIgnitionOff || at - this.idleSince >= trips.minIdleMs;
    this.#setMovement(isOver ? 'parked' : 'stopped', at);
  }

  #setMovement(status: MovementStatus, at: number): void {
    if (this.movement === status) return;
    this.movement = status;
    this.movementAt = at;
  }
}

/** A unit's state as plain JSON, for snapshots. */
export interface StateSnapshot {
  readonly scalars: Omit<UnitState, 'fields' | 'odometer' | 'hourMeter' | 'apply' | 'version'>;
  readonly odometer: Pick<Odometer, 'km' | 'lat' | 'lng' | 'at'>;
  readonly hourMeter: Pick<HourMeter, 'ms' | 'isOn' | 'at'>;
  readonly names: readonly string[];
  readonly values: readonly FieldValue[];
  readonly times: readonly number[];
}

export function snapshotOf(state: UnitState): StateSnapshot {
  const { fields, odometer, hourMeter, ...scalars } = state;
  const indexes = [...fields.names.slice(0, fields.size).keys()];
  return {
    scalars,
    odometer: { ...odometer },
    hourMeter: { ...hourMeter },
    names: fields.names.slice(0, fields.size),
    values: indexes.map((index) => fields.valueAt(index)),
    times: indexes.map((index) => fields.timeAt(index)),
  };
}

export function stateFrom(snapshot: StateSnapshot): UnitState {
  const state = new UnitState();
  Object.assign(state, snapshot.scalars);
  Object.assign(state.odometer, snapshot.odometer);
  Object.assign(state.hourMeter, snapshot.hourMeter);
  snapshot.names.forEach((name, i) => {
    state.fields.merge([name], [snapshot.values[i] as FieldValue], snapshot.times[i] as number);
  });
  return state;
}

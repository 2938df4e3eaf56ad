/**
 * A vehicle with a unit in it: a drive, its engine and what the unit's receiver makes of them, advanced in small steps and sampled as
 * records. It knows no protocol and no clock; the same seed and the same calls give the same records.
 */
import type { Position, StateUpdate } from '../src/domain/update.js';
import { Drive } from './drive.js';
import { Engine } from './engine.js';
import { roundTo } from './numbers.js';
import { type Place, places } from './places.js';
import { Random } from './random.js';
import { Receiver } from './receiver.js';
import { fieldNames, fieldValues, fullFieldNames, fullFieldValues } from './vehicle-fields.js';
import { type VehicleKind, vehicleKinds } from './vehicle-kinds.js';

/** Longest step of the simulation, s. */
const stepS = 0.5;
const metresPerDegree = 111_320;
/** Every so many records also say what hardly changes (VIN, fault codes). */
const fullEvery = 60;
/** A vehicle has been on its way for up to this long when it is first looked at, s. */
const warmUpS = 120;
/** Digital outputs of a unit. */
const outputCount = 2;

export interface VehicleOptions {
  readonly seed: number;
  /** Tells the vehicles of one seed apart. */
  readonly number: number;
  /** Chance per second that the receiver loses its fix; default 0. */
  readonly fixLossRate?: number;
}

export class Vehicle {
  readonly kind: VehicleKind;
  readonly place: Place;
  readonly drive: Drive;
  readonly engine: Engine;
  readonly receiver: Receiver;
  readonly vin: string;
  /** Total of the unit's own odometer, km. */
  odometerKm: number;
  altitudeM = 0;
  boardVolts = 0;
  batteryPercent: number;
  ignitionOnS = 0;
  /** Switched by commands; output 1 also drives the relay that keeps the engine from being started. */
  readonly outputs: boolean[] = new Array(outputCount).fill(false);
  readonly #random: Random;
  readonly #startKm: number;
  /** The start, metres east and north of the middle of its place. */
  readonly #startEastM: number;
  readonly #startNorthM: number;
  readonly #hillPhase: number;
  #records = 0;

  constructor(options: VehicleOptions) {
    const random = new Random(options.seed, options.number, 1);
    this.#random = random;
    this.kind = random.pick(vehicleKinds);
    // One town a fleet: a fleet that is spread over continents would show nothing on a map.
    this.place = new Random(options.seed, 0).pick(places);
    this.#startKm = random.between(5_000, 240_000);
    this.odometerKm = this.#startKm;
    this.#startEastM = random.between(-5000, 5000);
    this.#startNorthM = random.between(-5000, 5000);
    this.#hillPhase = new Random(options.seed, 1).between(0, 6);
    this.batteryPercent = random.integer(90, 100);
    this.vin = vinOf(random);
    this.drive = new Drive(this.kind, random);
    this.engine = new Engine(this.kind, this.#startKm, this.place.airC, random);
    this.receiver = new Receiver(random, options.fixLossRate ?? 0);
    this.altitudeM = this.#altitudeAt();
    this.boardVolts = this.#volts();
    this.advance(random.between(0, warmUpS));
  }

  /** Metres east and north of the middle of the vehicle's place. */
  get eastM(): number {
    return this.#startEastM + this.drive.route.eastM;
  }

  get northM(): number {
    return this.#startNorthM + this.drive.route.northM;
  }

  /** Drives on for `seconds`. */
  advance(seconds: number): void {
    const steps = Math.ceil(seconds / stepS);
    for (let i = 0; i < steps; i++) this.#step(seconds / steps);
    if (steps === 0) return;
    this.odometerKm = this.#startKm + this.drive.distanceM / 1000;
    this.boardVolts = this.#volts();
    this.receiver.look(seconds, this.eastM, this.northM);
  }

  /** Switches output `output` (1 = first); false when there is no such output. */
  switchOutput(output: number, on: boolean): boolean {
    if (output < 1 || output > outputCount) return false;
    this.outputs[output - 1] = on;
    if (output === 1) this.drive.immobilized = on;
    return true;
  }

  /** The record of this moment, sampled at `at` (ms since 1970 UTC). `backlog` marks it as kept in the unit's memory. */
  record(at: number, backlog: boolean): StateUpdate {
    const full = this.#records++ % fullEvery === 0;
    return {
      at,
      timed: true,
      backlog,
      position: this.#position(),
      names: full ? fullFieldNames : fieldNames,
      values: full ? fullFieldValues(this) : fieldValues(this),
    };
  }

  #step(seconds: number): void {
    const drive = this.drive;
    const beforeM = drive.distanceM;
    drive.step(seconds);
    const climbedFromM = this.altitudeM;
    this.altitudeM = this.#altitudeAt();
    const movedM = drive.distanceM - beforeM;
    this.engine.step(seconds, {
      running: drive.ignition,
      speedMps: drive.speedMps,
      accelerationMps2: drive.accelerationMps2,
      slope: movedM < 0.1 ? 0 : (this.altitudeM - climbedFromM) / movedM,
    });
    this.ignitionOnS = drive.ignition ? this.ignitionOnS + seconds : 0;
  }

  /** Rolling country: slopes of up to some four percent. */
  #altitudeAt(): number {
    const east = this.eastM;
    const north = this.northM;
    return (
      this.place.altitudeM +
      22 * Math.sin(east / 1100 + this.#hillPhase) +
      18 * Math.sin(north / 950 - this.#hillPhase) +
      3 * Math.sin((east + north) / 260)
    );
  }

  /** The alternator holds the voltage while the engine runs; a resting battery stands lower. */
  #volts(): number {
    const half = this.kind.systemVolts / 12;
    const base = this.engine.rpm > 0 ? 14.15 - this.engine.loadPercent * 0.002 : 12.55;
    return half * (base + 0.03 * this.#random.noise());
  }

  #position(): Position {
    const fix = this.receiver.fix;
    const speedKmh = this.drive.speedMps * 3.6;
    const lat = this.place.lat + this.northM / metresPerDegree;
    const lng = this.place.lng + this.eastM / (metresPerDegree * Math.cos((this.place.lat * Math.PI) / 180));
    return {
      lat: roundTo(lat, 6),
      lng: roundTo(lng, 6),
      valid: fix,
      speedKmh: fix ? Math.round(speedKmh) : 0,
      headingDeg: Math.round((this.drive.route.headingRad * 180) / Math.PI) % 360,
      altitudeM: Math.round(this.altitudeM),
      satellites: this.receiver.satellites,
    };
  }
}

/** A vehicle identification number of 17 characters. Source: ISO 3779 (no I, O or Q). */
function vinOf(random: Random): string {
  let digits = '';
  for (let i = 0; i < 6; i++) digits += random.integer(0, 9);
  return `WMP${random.pick(['1', '2', '3'])}ZZZ${random.pick(['A', 'B', 'C'])}Z${random.pick(['R', 'S', 'T'])}X${digits}`;
}

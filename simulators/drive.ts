/**
 * The driver: how fast the vehicle goes along its route, where it waits and where it parks with the ignition off. Acceleration and
 * braking stay within what the vehicle and its passengers bear; every stop is planned early enough to be made.
 */
import type { Random } from './random.js';
import { type Piece, Route } from './route.js';
import type { VehicleKind } from './vehicle-kinds.js';

/** `waiting` at a junction, `arrived` and `leaving` with the engine idling, `parked` with the ignition off. */
export type DrivePhase = 'driving' | 'waiting' | 'arrived' | 'parked' | 'leaving';

/** Comfortable and hardest braking, m/s2. */
const planBrakeMps2 = 1.5;
const hardBrakeMps2 = 3.5;
/** Closer to the line than this is standing at it, m. */
const stopWithinM = 1.5;

export class Drive {
  readonly route: Route;
  phase: DrivePhase;
  speedMps = 0;
  /** Mean over the last step, m/s2. */
  accelerationMps2 = 0;
  /** Distance since the simulation began, and since the ignition came on last, m. */
  distanceM = 0;
  tripM = 0;
  /** An immobilizer that is engaged keeps a parked vehicle where it is. */
  immobilized = false;
  readonly #kind: VehicleKind;
  readonly #random: Random;
  /** Seconds the present standstill still lasts. */
  #holdS: number;
  #parkAfterM: number;
  #parkAtEnd = false;

  constructor(kind: VehicleKind, random: Random) {
    this.#kind = kind;
    this.#random = random;
    this.route = new Route(random);
    const parked = random.chance(0.15);
    this.phase = parked ? 'parked' : 'leaving';
    this.#holdS = parked ? random.between(20, 240) : random.between(0, 3);
    this.#parkAfterM = random.between(800, 9000);
  }

  get ignition(): boolean {
    return this.phase !== 'parked';
  }

  /** Moves on by `seconds`, which should not exceed 1. */
  step(seconds: number): void {
    const before = this.speedMps;
    if (this.phase === 'driving') this.#roll(seconds);
    else this.#stand(seconds);
    this.accelerationMps2 = (this.speedMps - before) / seconds;
  }

  #stand(seconds: number): void {
    this.speedMps = 0;
    this.#holdS -= seconds;
    if (this.#holdS > 0) return;
    if (this.phase === 'arrived') this.#hold('parked', 60, 420);
    else if (this.phase === 'parked') {
      if (!this.immobilized) this.#leave();
    } else this.phase = 'driving';
  }

  #leave(): void {
    this.tripM = 0;
    this.#parkAfterM = this.#random.between(1500, 14_000);
    this.#hold('leaving', 3, 8);
  }

  #hold(phase: DrivePhase, minS: number, maxS: number): void {
    this.phase = phase;
    this.#holdS = this.#random.between(minS, maxS);
  }

  #roll(seconds: number): void {
    const mustStop = this.route.piece.stop || this.#parkAtEnd;
    if (mustStop && this.speedMps < 1 && this.route.leftM < stopWithinM) {
      this.#arriveAtLine();
      return;
    }
    const wanted = Math.min(this.#capMps(), this.#reachableMps(mustStop ? 0 : this.route.next.capMps, seconds));
    const strongest = this.#kind.accelerationMps2 * (1 - (0.75 * this.speedMps * 3.6) / this.#kind.maxSpeedKmh);
    const change = Math.max(-hardBrakeMps2 * seconds, Math.min(strongest * seconds, wanted - this.speedMps));
    const after = Math.max(0, this.speedMps + change);
    this.#travel(((this.speedMps + after) / 2) * seconds);
    this.speedMps = after;
  }

  #capMps(): number {
    return Math.min(this.route.piece.capMps, this.#kind.maxSpeedKmh / 3.6);
  }

  /** The highest speed after this step from which `endMps` can still be reached at the end of the piece. */
  #reachableMps(endMps: number, seconds: number): number {
    const b = planBrakeMps2;
    const reach = b * b * seconds * seconds + 2 * b * Math.max(0, this.route.leftM - stopWithinM / 2) + endMps * endMps;
    return Math.sqrt(reach) - b * seconds;
  }

  #travel(distanceM: number): void {
    this.distanceM += distanceM;
    this.tripM += distanceM;
    const finished = this.route.advance(distanceM);
    if (finished > 0 && this.tripM > this.#parkAfterM) this.#parkAtEnd ||= maySettleOn(this.route.piece);
  }

  #arriveAtLine(): void {
    const parks = this.#parkAtEnd;
    this.#parkAtEnd = false;
    this.speedMps = 0;
    this.#travel(this.route.leftM);
    if (parks) this.#hold('arrived', 4, 15);
    else this.#hold('waiting', 4, 35);
  }
}

/** Nobody parks in a turn or on a highway. */
function maySettleOn(piece: Piece): boolean {
  return Math.abs(piece.curvature * piece.lengthM) < 0.5 && piece.capMps < 20;
}

/**
 * An endless road without a map: straights and gentle bends joined by turns, of three classes from street to highway, whose heading
 * never jumps. It stays within reach of its start, since turns lead home once it is far.
 */
import type { Random } from './random.js';

type RoadClass = 'street' | 'avenue' | 'highway';
type Range = readonly [number, number];

interface RoadRow {
  readonly limitsKmh: readonly number[];
  readonly lengthM: Range;
  /** Smallest radius of a bend along the road, m. */
  readonly bendRadiusM: number;
  readonly turnRadiusM: Range;
  readonly turnDeg: Range;
  /** Chance of having to stop at the next junction. */
  readonly stopRate: number;
  readonly next: readonly RoadClass[];
}

const roads: Readonly<Record<RoadClass, RoadRow>> = {
  street: {
    limitsKmh: [30, 50, 50],
    lengthM: [90, 450],
    bendRadiusM: 400,
    turnRadiusM: [9, 18],
    turnDeg: [65, 105],
    stopRate: 0.25,
    next: ['street', 'street', 'street', 'avenue'],
  },
  avenue: {
    limitsKmh: [50, 60, 70],
    lengthM: [250, 1100],
    bendRadiusM: 800,
    turnRadiusM: [25, 60],
    turnDeg: [20, 90],
    stopRate: 0.2,
    next: ['street', 'avenue', 'avenue', 'highway'],
  },
  highway: {
    limitsKmh: [90, 110, 130],
    lengthM: [700, 2600],
    bendRadiusM: 1800,
    turnRadiusM: [110, 180],
    turnDeg: [30, 80],
    stopRate: 0,
    next: ['highway', 'highway', 'avenue'],
  },
};

/** Turns lead home beyond this distance from the start, m. */
const homeRadiusM = 6000;
/** Sideways acceleration that drivers accept, m/s2. */
const sidewaysMps2 = 2.2;

export interface Piece {
  readonly lengthM: number;
  /** Change of heading, radians a metre, positive to the right. */
  readonly curvature: number;
  /** Highest speed on it, m/s. */
  readonly capMps: number;
  /** Whether traffic has to stop at its end. */
  readonly stop: boolean;
}

export class Route {
  /** Metres east and north of the start. */
  eastM = 0;
  northM = 0;
  /** Radians clockwise from north, 0 to 2 pi. */
  headingRad: number;
  /** What is left of `piece`, m. */
  leftM: number;
  piece: Piece;
  next: Piece;
  readonly #random: Random;
  #road: RoadClass = 'street';
  #turnIsNext = true;

  constructor(random: Random) {
    this.#random = random;
    this.headingRad = random.between(0, 2 * Math.PI);
    this.piece = this.#straight();
    this.leftM = this.piece.lengthM;
    this.next = this.#turn();
  }

  /** Moves `distanceM` along the road. Returns how many pieces were finished on the way. */
  advance(distanceM: number): number {
    let finished = 0;
    let toGoM = distanceM;
    while (toGoM >= this.leftM) {
      toGoM -= this.leftM;
      this.#move(this.leftM);
      this.#enterNext();
      finished++;
    }
    this.#move(toGoM);
    this.leftM -= toGoM;
    return finished;
  }

  #enterNext(): void {
    this.piece = this.next;
    this.leftM = this.piece.lengthM;
    this.#turnIsNext = !this.#turnIsNext;
    this.next = this.#turnIsNext ? this.#turn() : this.#straight();
  }

  #move(distanceM: number): void {
    const turned = this.piece.curvature * distanceM;
    const middle = this.headingRad + turned / 2;
    // The chord of the arc, so that a long step through a turn does not overshoot it.
    const chordM = Math.abs(turned) < 1e-6 ? distanceM : (2 * Math.sin(turned / 2)) / this.piece.curvature;
    this.eastM += chordM * Math.sin(middle);
    this.northM += chordM * Math.cos(middle);
    this.headingRad = normalize(this.headingRad + turned);
  }

  #straight(): Piece {
    const random = this.#random;
    const row = roads[this.#road];
    const sign = random.chance(0.5) ? 1 : -1;
    const bend = random.chance(0.5) ? sign / random.between(row.bendRadiusM, row.bendRadiusM * 6) : 0;
    return {
      lengthM: random.between(...row.lengthM),
      curvature: bend,
      capMps: random.pick(row.limitsKmh) / 3.6,
      stop: random.chance(row.stopRate),
    };
  }

  #turn(): Piece {
    const random = this.#random;
    const row = roads[this.#road];
    const radiusM = random.between(...row.turnRadiusM);
    const angle = (random.between(...row.turnDeg) * Math.PI) / 180;
    const sign = this.#homeSide(random.chance(0.5) ? 1 : -1);
    this.#road = random.pick(row.next);
    return {
      lengthM: radiusM * angle,
      curvature: sign / radiusM,
      capMps: Math.sqrt(sidewaysMps2 * radiusM),
      stop: false,
    };
  }

  /** The side to turn to: `otherwise` near home, the side home lies on when far. */
  #homeSide(otherwise: 1 | -1): 1 | -1 {
    if (Math.hypot(this.eastM, this.northM) < homeRadiusM) return otherwise;
    const homeRad = normalize(Math.atan2(-this.eastM, -this.northM) - this.headingRad);
    return homeRad < Math.PI ? 1 : -1;
  }
}

/** An angle between 0 and 2 pi. */
function normalize(angleRad: number): number {
  const turn = 2 * Math.PI;
  return ((angleRad % turn) + turn) % turn;
}

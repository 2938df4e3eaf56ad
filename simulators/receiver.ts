/**
 * What the box itself sees: satellites and how well they stand, the cell it is attached to and how strong that is. Values wander; they
 * do not jump.
 */
import { clamp } from './numbers.js';
import type { Random } from './random.js';

/** A cell covers about this much, m. */
const cellSizeM = 1500;

export class Receiver {
  satellites: number;
  hdop = 0;
  /** Percent, in steps of one bar of five. */
  signalPercent = 80;
  /** False while the receiver has lost its fix. */
  fix = true;
  cellId = 1;
  lac = 1;
  readonly #random: Random;
  readonly #fixLossRate: number;
  #sky: number;
  #signal: number;
  #blindS = 0;

  /** `fixLossRate`: chance per second of losing the fix for some 10 to 40 seconds. */
  constructor(random: Random, fixLossRate: number) {
    this.#random = random;
    this.#fixLossRate = fixLossRate;
    this.#sky = random.between(9, 15);
    this.#signal = random.between(55, 100);
    this.satellites = Math.round(this.#sky);
    this.look(1, 0, 0);
  }

  /** Looks again after `seconds`, standing `eastM`, `northM` from the start. */
  look(seconds: number, eastM: number, northM: number): void {
    const drift = Math.min(1, Math.sqrt(seconds) * 0.15);
    this.#sky = clamp(this.#sky + drift * this.#random.noise() * 1.5, 6, 18);
    this.#signal = clamp(this.#signal + drift * this.#random.noise() * 12, 25, 100);
    this.signalPercent = Math.ceil(this.#signal / 20) * 20;
    this.#loseFix(seconds);
    this.satellites = this.fix ? Math.round(this.#sky) : 0;
    this.hdop = this.fix ? Math.round((0.4 + 5.5 / this.#sky) * 10) / 10 : 25.5;
    this.#attach(Math.floor(eastM / cellSizeM), Math.floor(northM / cellSizeM));
  }

  #loseFix(seconds: number): void {
    const lost = this.#random.chance(1 - (1 - this.#fixLossRate) ** seconds);
    const blindS = this.#random.between(10, 40);
    this.#blindS = lost && this.#blindS <= 0 ? blindS : this.#blindS - seconds;
    this.fix = this.#blindS <= 0;
  }

  #attach(column: number, row: number): void {
    this.cellId = 1 + ((Math.imul(column, 7919) ^ Math.imul(row, 104_729)) & 0x7fff);
    this.lac = 1000 + (((column >> 3) * 31 + (row >> 3)) & 0xff);
  }
}

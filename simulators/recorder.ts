/**
 * When a virtual unit makes a record and which time it bears. Records fall due at fixed distances from the unit's start, whatever
 * else happens, so that their number, times and content depend on the options and the seed alone. It also decides when the unit is
 * out of reach of any network, counted in records for the same reason.
 */
import type { StateUpdate } from '../src/domain/update.js';
import type { Random } from './random.js';
import type { Vehicle } from './vehicle.js';

export interface RecorderOptions {
  readonly vehicle: Vehicle;
  readonly random: Random;
  readonly intervalMs: number;
  /** Simulated time that passes in one unit of real time. */
  readonly speedUp: number;
  /** When the first record falls due and before when the last does, ms of the monotonic clock. */
  readonly startMs: number;
  readonly endMs: number;
  /** The time that the first record bears, ms since 1970 UTC. */
  readonly startAt: number;
  /** Chance per record of losing the network, and for how long on average. */
  readonly offlineRate: number;
  readonly offlineMs: number;
}

export class Recorder {
  readonly #options: RecorderOptions;
  /** Record times are cut down to this, ms: whole seconds where the interval allows, since many protocols know no less. */
  readonly #resolutionMs: number;
  #made = 0;
  #lastAt: number;
  #offlineRecords = 0;
  #ended = false;

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#resolutionMs = (options.intervalMs * options.speedUp) % 1000 === 0 ? 1000 : 1;
    this.#lastAt = this.#scheduledAt() - 1;
  }

  /** False while the unit is out of reach of any network. */
  get networkUp(): boolean {
    return this.#ended || this.#offlineRecords === 0;
  }

  /** Time of the newest record, ms since 1970 UTC. */
  get lastAt(): number {
    return this.#lastAt;
  }

  /** Whether a record is due. */
  due(nowMs: number): boolean {
    const { startMs, endMs, intervalMs } = this.#options;
    const dueMs = startMs + this.#made * intervalMs;
    return !this.#ended && dueMs <= nowMs && dueMs < endMs;
  }

  /** Makes the record that is due. `stored` says that it cannot be sent now. */
  make(stored: boolean): StateUpdate {
    const at = Math.max(this.#scheduledAt(), this.#lastAt + 1);
    this.#made++;
    const { random, offlineRate, offlineMs, intervalMs } = this.#options;
    const lost = random.chance(offlineRate);
    const length = Math.max(1, Math.round((random.between(0.5, 1.5) * offlineMs) / intervalMs));
    if (this.#offlineRecords > 0) this.#offlineRecords--;
    else if (lost) this.#offlineRecords = length;
    return this.#sample(at, stored || !this.networkUp);
  }

  /** Makes a record out of turn. */
  makeNow(nowMs: number, stored: boolean): StateUpdate {
    const { startAt, startMs, speedUp } = this.#options;
    const at = Math.floor((startAt + (nowMs - startMs) * speedUp) / this.#resolutionMs) * this.#resolutionMs;
    return this.#sample(Math.max(at, this.#lastAt + 1), stored || !this.networkUp);
  }

  /** No more records, and the network is there to stay. */
  end(): void {
    this.#ended = true;
  }

  #scheduledAt(): number {
    const { startAt, intervalMs, speedUp } = this.#options;
    const at = startAt + Math.round(this.#made * intervalMs * speedUp);
    return Math.floor(at / this.#resolutionMs) * this.#resolutionMs;
  }

  #sample(at: number, stored: boolean): StateUpdate {
    const { vehicle } = this.#options;
    if (this.#made > 1) vehicle.advance((at - this.#lastAt) / 1000);
    this.#lastAt = at;
    return vehicle.record(at, stored);
  }
}

/**
 * Units that are turned away again and again. So many refusals of one identity a minute are answered at once; after that each login waits
 * for its turn, or until something about the unit has changed. Nobody is let in later for it.
 */
import type { Clock, Timer } from '../clock.js';

interface Allowance {
  readonly left: number;
  readonly atMs: number;
}

interface Wait {
  readonly promise: Promise<void>;
  readonly end: () => void;
  readonly timer: Timer;
}

const minuteMs = 60_000;
/** Identities remembered; the one refused longest ago is forgotten first. */
const maxIdentities = 10_000;

export class BackOff {
  readonly #clock: Clock;
  readonly #perMinute: number;
  readonly #allowances = new Map<string, Allowance>();
  readonly #waits = new Map<string, Wait>();

  /** With 0 a minute nothing waits. */
  constructor(clock: Clock, perMinute: number) {
    this.#clock = clock;
    this.#perMinute = perMinute;
  }

  /** Undefined where the unit may be refused now; otherwise a promise that ends when it is worth looking again. */
  pause(deviceId: string): Promise<void> | undefined {
    if (this.#perMinute === 0) return undefined;
    const left = this.#left(deviceId);
    if (left < 1) return this.#wait(deviceId, Math.ceil(((1 - left) * minuteMs) / this.#perMinute));
    this.#remember(deviceId, left - 1);
    return undefined;
  }

  /** Ends the pause of a unit. */
  wake(deviceId: string): void {
    const wait = this.#waits.get(deviceId);
    if (wait === undefined) return;
    this.#waits.delete(deviceId);
    wait.timer.cancel();
    wait.end();
  }

  /** Ends all pauses there are. */
  wakeAll(): void {
    for (const deviceId of [...this.#waits.keys()]) this.wake(deviceId);
  }

  #left(deviceId: string): number {
    const known = this.#allowances.get(deviceId);
    if (known === undefined) return this.#perMinute;
    const sinceMs = this.#clock.monotonicMs() - known.atMs;
    return Math.min(this.#perMinute, known.left + (sinceMs * this.#perMinute) / minuteMs);
  }

  #remember(deviceId: string, left: number): void {
    this.#allowances.delete(deviceId);
    this.#allowances.set(deviceId, { left, atMs: this.#clock.monotonicMs() });
    const oldest = this.#allowances.size > maxIdentities ? this.#allowances.keys().next().value : undefined;
    if (oldest !== undefined) this.#allowances.delete(oldest);
  }

  #wait(deviceId: string, delayMs: number): Promise<void> {
    const known = this.#waits.get(deviceId);
    if (known !== undefined) return known.promise;
    let end = () => {};
    const promise = new Promise<void>((resolve) => {
      end = resolve;
    });
    const timer = this.#clock.after(delayMs, () => this.wake(deviceId));
    this.#waits.set(deviceId, { promise, end, timer });
    return promise;
  }
}

/**
 * Long work in small steps: whoever has been at it for a moment lets everything else run first. All long work of the process shares one
 * step in each turn of the event loop, so units wait no longer when many ask for much.
 */
import { type Clock, systemClock } from '../clock.js';

/** Longest stretch of work without letting others run, ms. */
const sliceMs = 2;

/** Work that rests, in the order in which it goes on. */
const resting: (() => void)[] = [];

export class Pacer {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  #sinceMs: number;

  constructor(clock: Pick<Clock, 'monotonicMs'> = systemClock) {
    this.#clock = clock;
    this.#sinceMs = clock.monotonicMs();
  }

  /** True when it is time to `rest`. */
  get isDue(): boolean {
    return this.#clock.monotonicMs() - this.#sinceMs >= sliceMs;
  }

  /** Lets others run. */
  async rest(): Promise<void> {
    await new Promise<void>((resolve) => {
      if (resting.push(resolve) === 1) setImmediate(wakeOne);
    });
    this.#sinceMs = this.#clock.monotonicMs();
  }
}

function wakeOne(): void {
  resting.shift()?.();
  if (resting.length > 0) setImmediate(wakeOne);
}

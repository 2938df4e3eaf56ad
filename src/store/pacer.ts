/**
 * Long work in small steps: whoever has been at it for a moment lets everything else run first.
 */

/** Longest stretch of work without letting others run, ms. */
const sliceMs = 5;

export class Pacer {
  #sinceMs = performance.now();

  /** True when it is time to `rest`. */
  get isDue(): boolean {
    return performance.now() - this.#sinceMs >= sliceMs;
  }

  /** Lets others run. */
  async rest(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.#sinceMs = performance.now();
  }
}

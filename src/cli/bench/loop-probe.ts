/**
 * Loaded into a gateway before its own code: measures how long the event loop was held up, and tells it as a JSON line `loop-N` at each
 * SIGUSR2, counted from 1. Figures are the longest since the line before.
 */
import { cpuUsage } from 'node:process';

/** A turn of the loop is that far away when nothing holds it up. */
const periodMs = 1;

class LoopProbe {
  #lookedMs = performance.now();
  #cpuMs = cpuMs();
  #stallMs = 0;
  #ownStallMs = 0;

  look(): void {
    const nowMs = performance.now();
    const nowCpuMs = cpuMs();
    const stallMs = Math.max(0, nowMs - this.#lookedMs - periodMs);
    this.#stallMs = Math.max(this.#stallMs, stallMs);
    this.#ownStallMs = Math.max(this.#ownStallMs, Math.min(stallMs, nowCpuMs - this.#cpuMs));
    this.#lookedMs = nowMs;
    this.#cpuMs = nowCpuMs;
  }

  /** The longest stall since it was last asked, and the longest by what all threads of the process worked in it. */
  take(): { readonly stallMs: number; readonly ownStallMs: number } {
    const taken = { stallMs: this.#stallMs, ownStallMs: this.#ownStallMs };
    this.#stallMs = 0;
    this.#ownStallMs = 0;
    return taken;
  }
}

function cpuMs(): number {
  const { user, system } = cpuUsage();
  return (user + system) / 1000;
}

const probe = new LoopProbe();
let count = 0;
setInterval(() => probe.look(), periodMs).unref();

process.on('SIGUSR2', () => {
  process.stdout.write(`${JSON.stringify({ msg: `loop-${++count}`, ...probe.take() })}\n`);
});

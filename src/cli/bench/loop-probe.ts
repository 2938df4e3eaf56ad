/**
 * Loaded into a gateway before its own code: measures how long the event loop was held up, and tells it as a JSON line `loop-N` at each
 * SIGUSR2, counted from 1. A figure is the longest since the one before.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';

const resolutionMs = 1;
const delay = monitorEventLoopDelay({ resolution: resolutionMs });
let count = 0;
delay.enable();

process.on('SIGUSR2', () => {
  // A delay is from one look to the next, which is a millisecond away when nothing holds it up.
  const stallMs = Math.max(0, delay.max / 1e6 - resolutionMs);
  delay.reset();
  process.stdout.write(`${JSON.stringify({ msg: `loop-${++count}`, stallMs })}\n`);
});

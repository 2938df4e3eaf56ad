/**
 * What a running simulation shows: a bar with live rates every second where a person looks, otherwise a line every five seconds.
 */
import { SingleBar } from 'cli-progress';
import type { Clock } from '../src/clock.js';
import type { FleetStats } from './stats.js';
import { count } from './summary.js';

/** A stream such as `process.stderr`. */
export type OutputStream = NodeJS.WritableStream & { readonly isTTY?: boolean };

export interface ProgressOptions {
  readonly stream: OutputStream;
  readonly clock: Clock;
  readonly stats: FleetStats;
  readonly durationMs: number;
}

const barMs = 1000;
const lineMs = 5000;

/** Starts showing progress. The function returned ends it. */
export function showProgress(options: ProgressOptions): () => void {
  return options.stream.isTTY === true ? showBar(options) : showLines(options);
}

function showBar({ stream, clock, stats, durationMs }: ProgressOptions): () => void {
  const totalS = Math.ceil(durationMs / 1000);
  const startMs = clock.monotonicMs();
  const bar = new SingleBar({
    stream,
    format: '{bar} {value}/{total} s  {facts}',
    hideCursor: true,
    barsize: 20,
    fps: 2,
  });
  const facts = factsSource(clock, stats);
  bar.start(totalS, 0, { facts: facts() });
  const timer = clock.every(barMs, () => {
    bar.update(Math.min(totalS, Math.round((clock.monotonicMs() - startMs) / 1000)), { facts: facts() });
  });
  return () => {
    timer.cancel();
    bar.stop();
  };
}

function showLines({ stream, clock, stats }: ProgressOptions): () => void {
  const startMs = clock.monotonicMs();
  const facts = factsSource(clock, stats);
  const timer = clock.every(lineMs, () => {
    stream.write(`${String(Math.round((clock.monotonicMs() - startMs) / 1000)).padStart(5)} s  ${facts()}\n`);
  });
  return () => timer.cancel();
}

/** Tells the present numbers, and the rates since it was asked last. */
function factsSource(clock: Clock, stats: FleetStats): () => string {
  let lastMs = clock.monotonicMs();
  let lastMade = stats.recordsMade;
  let lastAcknowledged = stats.recordsAcknowledged;
  return () => {
    const nowMs = clock.monotonicMs();
    const seconds = Math.max(0.001, (nowMs - lastMs) / 1000);
    const madeRate = (stats.recordsMade - lastMade) / seconds;
    const ackRate = (stats.recordsAcknowledged - lastAcknowledged) / seconds;
    lastMs = nowMs;
    lastMade = stats.recordsMade;
    lastAcknowledged = stats.recordsAcknowledged;
    return [
      `${count(stats.online)} online`,
      `${count(stats.recordsAcknowledged)}/${count(stats.recordsMade)} records acknowledged`,
      `${madeRate.toFixed(0)} made/s`,
      `${ackRate.toFixed(0)} acks/s`,
      `${count(stats.errorCount)} errors`,
    ].join('  ');
  };
}

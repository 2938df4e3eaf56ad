/**
 * What a fleet did, counted by all its units together, and the report made of it.
 */
import { build, type Histogram } from 'hdr-histogram-js';

/** The end of a simulation in numbers. Records are counted once each, however often they were sent. */
export interface SimulationReport {
  readonly protocols: readonly string[];
  readonly devices: number;
  /** Units that were let in at least once. */
  readonly connected: number;
  readonly recordsMade: number;
  readonly recordsSent: number;
  readonly recordsAcknowledged: number;
  /** Records that were given up because the memory of a unit was full, or that could not be encoded. */
  readonly recordsLost: number;
  /** Records that nobody has acknowledged yet. */
  readonly recordsPending: number;
  readonly framesSent: number;
  /** Records that were sent again. */
  readonly resent: number;
  readonly errors: Readonly<Record<string, number>>;
  readonly reconnects: number;
  readonly loginsRefused: number;
  readonly commandsAnswered: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** From the sending of a frame to its acknowledgement; null when none came. */
  readonly ackLatencyMs: { readonly p50: number; readonly p99: number; readonly max: number } | null;
  readonly elapsedS: number;
}

export class FleetStats {
  connected = 0;
  /** Units that are let in now. */
  online = 0;
  recordsMade = 0;
  recordsSent = 0;
  recordsAcknowledged = 0;
  recordsLost = 0;
  framesSent = 0;
  resent = 0;
  reconnects = 0;
  loginsRefused = 0;
  commandsAnswered = 0;
  bytesSent = 0;
  bytesReceived = 0;
  readonly #errors = new Map<string, number>();
  /** Microseconds. */
  readonly #latency: Histogram = build({ autoResize: true, numberOfSignificantValueDigits: 3 });

  error(kind: string): void {
    this.#errors.set(kind, (this.#errors.get(kind) ?? 0) + 1);
  }

  get errorCount(): number {
    let sum = 0;
    for (const count of this.#errors.values()) sum += count;
    return sum;
  }

  get recordsPending(): number {
    return this.recordsMade - this.recordsAcknowledged - this.recordsLost;
  }

  acknowledged(latencyMs: number): void {
    this.#latency.recordValue(Math.max(1, Math.round(latencyMs * 1000)));
  }

  report(about: { protocols: readonly string[]; devices: number; elapsedS: number }): SimulationReport {
    return {
      protocols: about.protocols,
      devices: about.devices,
      connected: this.connected,
      recordsMade: this.recordsMade,
      recordsSent: this.recordsSent,
      recordsAcknowledged: this.recordsAcknowledged,
      recordsLost: this.recordsLost,
      recordsPending: this.recordsPending,
      framesSent: this.framesSent,
      resent: this.resent,
      errors: Object.fromEntries([...this.#errors].sort(([a], [b]) => (a < b ? -1 : 1))),
      reconnects: this.reconnects,
      loginsRefused: this.loginsRefused,
      commandsAnswered: this.commandsAnswered,
      bytesSent: this.bytesSent,
      bytesReceived: this.bytesReceived,
      ackLatencyMs: this.#latencies(),
      elapsedS: Math.round(about.elapsedS * 1000) / 1000,
    };
  }

  #latencies(): SimulationReport['ackLatencyMs'] {
    if (this.#latency.totalCount === 0) return null;
    // Percentiles are the upper ends of their buckets, which may lie above what was ever measured.
    const inMs = (microseconds: number): number => Math.round(Math.min(microseconds, this.#latency.maxValue)) / 1000;
    return {
      p50: inMs(this.#latency.getValueAtPercentile(50)),
      p99: inMs(this.#latency.getValueAtPercentile(99)),
      max: inMs(this.#latency.maxValue),
    };
  }
}

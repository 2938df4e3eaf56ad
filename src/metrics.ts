/**
 * The gateway's own figures, in Prometheus form. Labels are protocol names and error codes only: nothing a unit sends becomes a label.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { ErrorCode } from './errors.js';

/** Plain numbers of one protocol, counted on the hot path and read when somebody asks. */
export class ProtocolCounters {
  frames = 0;
  records = 0;
  receivedBytes = 0;
  sentBytes = 0;
  connections = 0;
  accepted = 0;
}

export class Metrics {
  readonly #registry = new Registry();
  readonly #protocols = new Map<string, ProtocolCounters>();
  readonly #errors = new Counter({
    name: 'milepost_errors_total',
    help: 'Errors by code and protocol',
    labelNames: ['code', 'protocol'],
    registers: [this.#registry],
  });
  readonly #refusedRecords = new Counter({
    name: 'milepost_records_not_state_total',
    help: 'Records that are kept but never become state, by reason',
    labelNames: ['protocol', 'reason'],
    registers: [this.#registry],
  });
  readonly #dropped = new Counter({
    name: 'milepost_records_dropped_total',
    help: 'Records that are acknowledged and dropped, by reason',
    labelNames: ['protocol', 'reason'],
    registers: [this.#registry],
  });
  readonly #commits = new Histogram({
    name: 'milepost_commit_latency_seconds',
    help: 'From the first entry of a commit until it is on disk',
    buckets: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
    registers: [this.#registry],
  });
  readonly #committedBytes = new Counter({
    name: 'milepost_journal_bytes_total',
    help: 'Bytes written to the journal',
    registers: [this.#registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.#registry, eventLoopMonitoringPrecision: 10 });
    const per = (name: string, help: string, key: keyof ProtocolCounters, kind: typeof Counter | typeof Gauge) => {
      const protocols = this.#protocols;
      new kind({
        name,
        help,
        labelNames: ['protocol'],
        registers: [this.#registry],
        collect() {
          this.reset();
          for (const [protocol, counters] of protocols) this.inc({ protocol }, counters[key]);
        },
      });
    };
    per('milepost_connections', 'Open connections', 'connections', Gauge);
    per('milepost_connections_total', 'Connections since the start', 'accepted', Counter);
    per('milepost_frames_total', 'Frames received', 'frames', Counter);
    per('milepost_records_total', 'Records received', 'records', Counter);
    per('milepost_received_bytes_total', 'Bytes received from units', 'receivedBytes', Counter);
    per('milepost_sent_bytes_total', 'Bytes sent to units', 'sentBytes', Counter);
  }

  /** Counters of one protocol; the same object each time. */
  of(protocol: string): ProtocolCounters {
    let counters = this.#protocols.get(protocol);
    if (counters === undefined) {
      counters = new ProtocolCounters();
      this.#protocols.set(protocol, counters);
    }
    return counters;
  }

  error(code: ErrorCode, protocol = ''): void {
    this.#errors.inc({ code, protocol });
  }

  notState(protocol: string, reason: 'future' | 'ancient'): void {
    this.#refusedRecords.inc({ protocol, reason });
  }

  dropped(protocol: string, reason: 'previous_owner', count: number): void {
    this.#dropped.inc({ protocol, reason }, count);
  }

  committed(sizeBytes: number, latencyMs: number): void {
    this.#commits.observe(latencyMs / 1000);
    this.#committedBytes.inc(sizeBytes);
  }

  /** A figure that is read when somebody asks. */
  gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name,
      help,
      registers: [this.#registry],
      collect() {
        this.set(read());
      },
    });
  }

  /** A number that only grows, read when somebody asks. */
  counter(name: string, help: string, read: () => number): void {
    new Counter({
      name,
      help,
      registers: [this.#registry],
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  }

  /** The same by reason. */
  counterByReason(name: string, help: string, read: () => ReadonlyMap<string, number>): void {
    new Counter({
      name,
      help,
      labelNames: ['reason'],
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const [reason, count] of read()) this.inc({ reason }, count);
      },
    });
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }
}

/**
 * A store over any engine, with a protocol for tests whose frames are JSON lists of records, so that a test can say in a line what a
 * unit sent and what follows from it.
 */
import { VirtualClock } from '../../src/clock.js';
import { defaultTripDetection, snapshotOf } from '../../src/domain/state.js';
import { defaultTimeRules } from '../../src/domain/time-rules.js';
import type { FieldValue, StateUpdate } from '../../src/domain/update.js';
import { UpdateBuilder } from '../../src/domain/update.js';
import type { StoreError } from '../../src/errors.js';
import { Metrics } from '../../src/metrics.js';
import type { Engine } from '../../src/store/engine.js';
import { encodeContext, type FrameEntry, type FrameToKeep } from '../../src/store/entries.js';
import { type FrameDecoder, type RecoveryReport, recover } from '../../src/store/recovery.js';
import type { SourceRow } from '../../src/store/rows.js';
import { type Retention, Snapshots } from '../../src/store/snapshots.js';
import { Store } from '../../src/store/store.js';

/** What a unit said at one time. */
export interface Sample {
  readonly at: number;
  readonly fields: Readonly<Record<string, FieldValue>>;
}

export interface RigOptions {
  readonly engine: Engine;
  readonly clock?: VirtualClock;
  readonly decode?: FrameDecoder;
  readonly decoderVersion?: number;
  readonly retention?: Retention;
}

/** One for all: each watches the event loop. */
const metrics = new Metrics();

export class Rig {
  readonly engine: Engine;
  readonly clock: VirtualClock;
  readonly store: Store;
  readonly snapshots: Snapshots;
  readonly report: RecoveryReport;
  readonly snapshotErrors: unknown[] = [];

  private constructor(parts: { options: RigOptions; clock: VirtualClock; store: Store; report: RecoveryReport }) {
    const { options, clock, store, report } = parts;
    this.engine = options.engine;
    this.clock = clock;
    this.store = store;
    this.report = report;
    this.snapshots = new Snapshots(
      {
        store,
        clock,
        decoderVersions: versions(options),
        retention: options.retention ?? { maxAgeMs: 0, maxBytes: 0 },
        onError: (error) => this.snapshotErrors.push(error),
      },
      report.mark,
    );
  }

  static async open(options: RigOptions): Promise<Rig> {
    const clock = options.clock ?? new VirtualClock();
    const store = new Store({
      engine: options.engine,
      clock,
      metrics,
      timeRules: defaultTimeRules,
      trips: defaultTripDetection,
    });
    const decode = options.decode ?? decodeSamples;
    const report = await recover({ store, decode, decoderVersions: versions(options), onUnreadable: () => {} });
    return new Rig({ options, clock, store, report });
  }

  /** Registers a source with this wire identity. */
  register(deviceId: string): Promise<SourceRow> {
    return this.store.change((tx) => {
      const row = sourceRow(tx.nextId('source'), deviceId);
      tx.put('source', row);
      return row;
    });
  }

  /** Takes a frame in; resolves with its commit when that is on disk, rejects when it never will be. */
  accept(sourceId: number, samples: readonly Sample[]): Promise<number> {
    const frame = this.frame(sourceId, encodeSamples(samples));
    const unit = this.store.units.ensure(sourceId);
    return new Promise((resolve, reject) => {
      const waiter = {
        settled: (seq: number, error: StoreError | undefined) => (error === undefined ? resolve(seq) : reject(error)),
      };
      this.store.accept({ unit, protocol: 'test', frame, updates: samples.map(updateOf), waiter });
    });
  }

  /** Takes a frame in that nobody can read; `settled` resolves with the error, if any, once its commit is done. */
  acceptUnreadable(sourceId: number, bytes: Buffer): { release: boolean; settled: Promise<StoreError | undefined> } {
    let settle: (error: StoreError | undefined) => void = () => {};
    const settled = new Promise<StoreError | undefined>((resolve) => {
      settle = resolve;
    });
    const waiter = { settled: (_: number, error: StoreError | undefined) => settle(error) };
    const { release } = this.store.acceptUndecodable(this.frame(sourceId, bytes), 'unknown_message', waiter);
    return { release, settled };
  }

  frame(sourceId: number, bytes: Buffer): FrameToKeep {
    const deviceId = this.store.registry.get('source', sourceId)?.deviceId ?? String(sourceId);
    const context = encodeContext({ protocol: 'test', transport: 'tcp', deviceId, model: 'test', session: '' });
    return { sourceId, receivedAt: this.clock.now(), context, bytes };
  }

  field(sourceId: number, name: string): FieldValue | undefined {
    return this.store.stateOf(sourceId)?.fields.get(name)?.value;
  }

  /** Everything known, as plain values to compare. */
  picture(): unknown {
    const { registry, units } = this.store;
    const states = [...units.all()].map((unit) => [unit.sourceId, snapshotOf(unit.state)] as const);
    return {
      sources: [...registry.all('source')].sort((a, b) => a.id - b.id),
      counters: [...registry.all('counter')].sort((a, b) => a.id.localeCompare(b.id)),
      poison: [...registry.all('poison')].sort((a, b) => a.id.localeCompare(b.id)),
      states: states.sort(([a], [b]) => a - b),
    };
  }
}

function versions(options: RigOptions): Readonly<Record<string, number>> {
  return { test: options.decoderVersion ?? 1 };
}

export function sourceRow(id: number, deviceId: string): SourceRow {
  return {
    id,
    accountId: 1,
    deviceId,
    model: 'test',
    protocol: 'test',
    phone: null,
    blocked: false,
    tariffId: 1,
    createdAt: 0,
  };
}

export function updateOf({ at, fields }: Sample): StateUpdate {
  const builder = new UpdateBuilder();
  for (const [name, value] of Object.entries(fields)) builder.set(name, value);
  return builder.build(at);
}

export function encodeSamples(samples: readonly Sample[]): Buffer {
  return Buffer.from(JSON.stringify(samples));
}

/** Undefined for what is no list of samples. */
export function decodeSamples(entry: FrameEntry): readonly StateUpdate[] | undefined {
  try {
    return (JSON.parse(entry.frame.toString()) as Sample[]).map(updateOf);
  } catch {
    return undefined;
  }
}

/**
 * The API over the real store, which can be closed and opened again from what its engine kept. Units are stood in for: they report by
 * one kind of frame, and are connected or not.
 */
import { pino } from 'pino';
import { VirtualClock } from '../../src/clock.js';
import { defaultTripDetection } from '../../src/domain/state.js';
import { type StateUpdate, UpdateBuilder } from '../../src/domain/update.js';
import { createHttpServer, type HttpServer } from '../../src/http/server.js';
import { Metrics } from '../../src/metrics.js';
import type { LiveUnits } from '../../src/store/contract.js';
import type { Engine } from '../../src/store/engine.js';
import { encodeContext } from '../../src/store/entries.js';
import { recover } from '../../src/store/recovery.js';
import { Snapshots } from '../../src/store/snapshots.js';
import { Store } from '../../src/store/store.js';
import { holdToDocument } from './openapi-check.js';

const log = pino({ level: 'silent' });
const decoderVersions = { any: 1 };
const record = (at: number): StateUpdate => new UpdateBuilder().set('board_voltage', 12).build(at, { timed: false });

export class ReopeningApi implements LiveUnits {
  readonly clock = new VirtualClock(Date.UTC(2026, 5, 15, 12, 0, 0));
  readonly connected = new Set<number>();
  readonly #openEngine: () => Engine;
  #open: { store: Store; snapshots: Snapshots; server: HttpServer } | undefined;

  /** `openEngine` gives the same content each time. */
  constructor(openEngine: () => Engine) {
    this.#openEngine = openEngine;
  }

  get store(): Store {
    return this.#opened.store;
  }

  isConnected(sourceId: number): boolean {
    return this.connected.has(sourceId);
  }

  hasSession(sourceId: number): boolean {
    return this.connected.has(sourceId);
  }

  disconnect(sourceId: number): void {
    this.connected.delete(sourceId);
  }

  async open(): Promise<void> {
    const { clock } = this;
    const store = new Store({
      ...{ engine: this.#openEngine(), clock, metrics: new Metrics(), trips: defaultTripDetection },
      timeRules: { futureToleranceMs: 600_000, pastLimitMs: 365 * 86_400_000 },
    });
    const decode = ({ receivedAt }: { receivedAt: number }) => [record(receivedAt)];
    const report = await recover({ store, decode, decoderVersions, onUnreadable: () => {} });
    const retention = { maxAgeMs: 0, maxBytes: 0 };
    const onError = (error: unknown) => {
      throw error;
    };
    const snapshots = new Snapshots({ store, clock, decoderVersions, retention, onError }, report.mark);
    const server = await createHttpServer({
      ...{ store, live: this, clock, log, rateLimit: 0 },
      health: () => store.health,
      metricsText: async () => '',
    });
    holdToDocument(server.app);
    this.#open = { store, snapshots, server };
  }

  /** Ends everything; a clean end writes a snapshot, otherwise the journal has to do. */
  async close(isClean: boolean): Promise<void> {
    const { store, snapshots, server } = this.#opened;
    await server.app.close();
    await store.drained();
    if (isClean) await snapshots.run();
    await store.close();
    this.connected.clear();
    this.#open = undefined;
  }

  /** The unit of a source sends a record; resolves when it is kept. */
  async report(sourceId: number): Promise<void> {
    const { store } = this;
    const receivedAt = this.clock.now();
    const context = encodeContext({ protocol: 'any', transport: 'tcp', deviceId: 'x', model: 'x', session: '' });
    await new Promise<void>((resolve, reject) => {
      store.accept({
        unit: store.units.ensure(sourceId),
        protocol: 'any',
        frame: { sourceId, receivedAt, context, bytes: Buffer.from([1]) },
        updates: [record(receivedAt)],
        waiter: { settled: (_, error) => (error === undefined ? resolve() : reject(error)) },
      });
    });
  }

  async call(path: string, params: Readonly<Record<string, unknown>>): Promise<Record<string, unknown>> {
    const response = await this.#opened.server.app.inject({ method: 'POST', url: path, payload: { ...params } });
    return response.json() as Record<string, unknown>;
  }

  get #opened() {
    if (this.#open === undefined) throw new Error('not open');
    return this.#open;
  }
}

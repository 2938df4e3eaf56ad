/**
 * Everything between the sockets and the disk, wired as the gateway wires it, with an engine and a clock that do as the test says.
 */
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import { VirtualClock } from '../../src/clock.js';
import { defaultTripDetection } from '../../src/domain/state.js';
import { defaultTimeRules } from '../../src/domain/time-rules.js';
import { Gatekeeper, type RegisterOnSight } from '../../src/ingest/admission.js';
import { decodeKept, decoderVersions } from '../../src/ingest/decoder.js';
import { Refusals } from '../../src/ingest/refusals.js';
import { Sessions } from '../../src/ingest/sessions.js';
import { TcpPort } from '../../src/ingest/tcp.js';
import type { TcpLimits, TcpServices } from '../../src/ingest/tcp-session.js';
import { UdpPort } from '../../src/ingest/udp.js';
import { Metrics } from '../../src/metrics.js';
import type { Protocol } from '../../src/protocols/protocol.js';
import { protocolByName, protocols } from '../../src/protocols/registry.js';
import { createAccount, registerTracker } from '../../src/store/accounts.js';
import { keptFrames } from '../../src/store/history.js';
import { recover } from '../../src/store/recovery.js';
import type { SourceRow } from '../../src/store/rows.js';
import { Store } from '../../src/store/store.js';
import { FailingEngine } from '../support/failing-engine.js';

const usualLimits: TcpLimits & { maxConnections: number; maxConnectionsPerAddress: number; udpMaxPeers: number } = {
  loginTimeoutMs: 30_000,
  loginMaxBytes: 16_384,
  tcpIdleTimeoutMs: 900_000,
  frameMaxBytes: 131_072,
  maxStrikes: 3,
  sendBufferMaxBytes: 65_536,
  commandTimeoutMs: 60_000,
  maxConnections: 1000,
  maxConnectionsPerAddress: 1000,
  udpMaxPeers: 1000,
};

export interface IngestOptions {
  readonly limits?: Partial<typeof usualLimits>;
  /** Unknown units are registered on sight. */
  readonly open?: boolean;
  /** Units that may send nothing. */
  readonly barred?: ReadonlySet<string>;
  readonly engine?: FailingEngine;
  /** Default `debug`. */
  readonly logLevel?: string;
}

export class IngestRig {
  readonly engine: FailingEngine;
  readonly clock = new VirtualClock();
  readonly metrics = new Metrics();
  readonly logLines: { readonly msg: string; readonly code?: string; readonly unit?: string; readonly hex?: string }[] =
    [];
  readonly store: Store;
  readonly sessions: Sessions;
  readonly services: TcpServices;
  readonly limits: typeof usualLimits;

  private constructor(options: IngestOptions) {
    this.engine = options.engine ?? new FailingEngine();
    this.limits = { ...usualLimits, ...options.limits };
    const { clock, metrics } = this;
    this.store = new Store({
      engine: this.engine,
      clock,
      metrics,
      timeRules: defaultTimeRules,
      trips: defaultTripDetection,
    });
    this.sessions = new Sessions(this.limits, clock);
    const register = options.open === true ? this.#onSight() : undefined;
    this.services = {
      store: this.store,
      sessions: this.sessions,
      clock,
      metrics,
      log: pino(
        { level: options.logLevel ?? 'debug' },
        { write: (line: string) => void this.logLines.push(JSON.parse(line)) },
      ),
      limits: this.limits,
      candidates: protocols,
      refusals: new Refusals(clock),
      gatekeeper: new Gatekeeper({
        store: this.store,
        clock,
        register,
        isBarred: (id) => options.barred?.has(id) === true,
      }),
    };
  }

  static async open(options: IngestOptions = {}): Promise<IngestRig> {
    const rig = new IngestRig(options);
    await recover({ store: rig.store, decode: decodeKept, decoderVersions, onUnreadable: () => {} });
    if (rig.store.registry.size('account') === 0) {
      await rig.store.change((tx) => createAccount(tx, { login: 'a', passwordHash: 'none' }));
    }
    return rig;
  }

  /** Opens a TCP port; without a protocol one that recognises it. */
  async tcp(protocol?: string): Promise<number> {
    const port = new TcpPort(protocol === undefined ? undefined : named(protocol), this.services);
    onTestFinished(() => {
      port.stop();
      this.sessions.closeAll('shutdown');
    });
    return port.listen('127.0.0.1', 0);
  }

  async udp(protocol: string): Promise<number> {
    const port = new UdpPort(named(protocol), this.services, this.limits);
    onTestFinished(() => port.close());
    return port.listen('127.0.0.1', 0);
  }

  async register(deviceId: string, protocol: string): Promise<SourceRow> {
    const outcome = await this.store.change((tx) =>
      registerTracker(tx, { accountId: 1, label: deviceId, model: named(protocol).defaultModel, deviceId }),
    );
    if (!outcome.ok) throw new Error(outcome.reason);
    return outcome.source;
  }

  /** Moves the clock on, with the ticks that come on the way. */
  pass(ms: number): void {
    this.clock.advance(ms);
  }

  source(deviceId: string): SourceRow {
    const source = this.store.registry.sourceByDeviceId(deviceId);
    if (source === undefined) throw new Error(`${deviceId} is not registered`);
    return source;
  }

  /** Time of the newest record that became state of this unit, 0 for none. */
  recordAt(deviceId: string): number {
    return this.store.stateOf(this.source(deviceId).id)?.recordAt ?? 0;
  }

  /** Times of all records kept of this unit, in the order of the journal. */
  kept(deviceId: string): number[] {
    const { id } = this.source(deviceId);
    return [...keptFrames(this.engine, id)].flatMap(({ entry }) => (decodeKept(entry) ?? []).map((each) => each.at));
  }

  codes(): string[] {
    return this.logLines.flatMap((line) => (line.code === undefined ? [] : [line.code]));
  }

  #onSight(): RegisterOnSight {
    return (deviceId, protocol) => this.register(deviceId, protocol.name);
  }
}

export function named(name: string): Protocol {
  const protocol = protocolByName(name);
  if (protocol === undefined) throw new Error(`no such protocol: ${name}`);
  return protocol;
}

/**
 * Many virtual units in one process, driven by one coarse ticker. The fleet decides who starts when, ends the run, waits for the last
 * acknowledgements and reports. It knows what every unit has had acknowledged, so that tests can hold a server to it.
 */
import { type Clock, systemClock, type Timer } from '../src/clock.js';
import type { BehaviorFactory } from './behavior.js';
import { Device, type FleetHooks } from './device.js';
import { type LinkFaults, noFaults } from './link.js';
import { Random } from './random.js';
import { Recorder } from './recorder.js';
import { FleetStats, type SimulationReport } from './stats.js';
import { Vehicle } from './vehicle.js';
import type { Endpoint } from './wire.js';

/** Units of one protocol and where they report to. */
export interface FleetGroup {
  readonly factory: BehaviorFactory;
  readonly endpoint: Endpoint;
}

export interface FleetOptions {
  /** The units are shared out between these in turn. */
  readonly groups: readonly FleetGroup[];
  readonly devices: number;
  /** Number of the first unit, so that fleets of several machines do not collide. Default 0. */
  readonly first?: number;
  /** From one record to the next, ms. Default 1,000. */
  readonly intervalMs?: number;
  /** How long records are made, ms; until `stop` when absent. */
  readonly durationMs?: number;
  /** Same seed, same fleet. Default 1. */
  readonly seed?: number;
  /** Records collected for one frame. Default 1. */
  readonly batch?: number;
  /** Units started in a second. Default all at once. */
  readonly rampPerSecond?: number;
  /** How long a unit waits for an answer, ms. Default 30,000, over UDP 5,000. */
  readonly timeoutMs?: number;
  /** How long the end waits for missing acknowledgements, ms. Default 10,000. */
  readonly drainMs?: number;
  /** Most records that a unit keeps. Default 10,000, less in a large fleet. */
  readonly backlogRecords?: number;
  /** First and longest pause before a unit connects again, ms. Default 1,000 and 30,000. */
  readonly backoffMs?: { readonly min: number; readonly max: number };
  readonly faults?: Partial<LinkFaults>;
  /** Chance per record that a unit loses its network, and for how long on average, ms. Default 0 and 30,000. */
  readonly offlineRate?: number;
  readonly offlineMs?: number;
  /** Chance per simulated second that a receiver loses its fix. Default 0. */
  readonly fixLossRate?: number;
  /** Time of the first record, ms since 1970 UTC. Default now, or as much earlier as `speedUp` runs ahead. */
  readonly startAt?: number;
  /** Simulated time that passes in one unit of real time. Default 1. */
  readonly speedUp?: number;
  readonly clock?: Clock;
  readonly hooks?: FleetHooks;
}

export interface Fleet {
  /** Every unit, in the order of its number. */
  readonly devices: readonly Device[];
  readonly stats: FleetStats;
  /** Resolves when the run is over, with the final report; never rejects. */
  readonly finished: Promise<SimulationReport>;
  start(): void;
  /** Ends the run early: no more records, `drainMs` for missing acknowledgements (default as in the options). */
  stop(drainMs?: number): Promise<SimulationReport>;
  /** The numbers so far. */
  report(): SimulationReport;
}

/** Records that all units of a fleet together may keep: about a kilobyte each. */
const fleetBacklogRecords = 500_000;
const deviceBacklogRecords = 10_000;
const smallestBacklogRecords = 100;

/** Random streams of a unit; 1 is the vehicle's. */
const streams = { recorder: 2, link: 3 } as const;

export function createFleet(options: FleetOptions): Fleet {
  return new VirtualFleet(options);
}

class VirtualFleet implements Fleet {
  readonly devices: Device[] = [];
  readonly stats = new FleetStats();
  readonly finished: Promise<SimulationReport>;
  readonly #options: FleetOptions;
  readonly #clock: Clock;
  #resolve: (report: SimulationReport) => void = () => {};
  #ticker: Timer | undefined;
  #startMs = 0;
  #endMs = Number.POSITIVE_INFINITY;
  /** Set once no more records are made. */
  #drainUntilMs: number | undefined;
  #final: SimulationReport | undefined;
  /** How many units have been started. */
  #started = 0;

  constructor(options: FleetOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.finished = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  start(): void {
    const { durationMs, devices } = this.#options;
    this.#startMs = this.#clock.monotonicMs();
    if (durationMs !== undefined) this.#endMs = this.#startMs + durationMs;
    const startAt = this.#startAt();
    for (let n = 0; n < devices; n++) this.devices.push(this.#createDevice(n, startAt));
    const intervalMs = this.#options.intervalMs ?? 1000;
    this.#ticker = this.#clock.every(Math.min(50, Math.max(5, Math.floor(intervalMs / 4))), () => this.#tick());
    this.#tick();
  }

  stop(drainMs?: number): Promise<SimulationReport> {
    if (this.#ticker === undefined && this.#final === undefined) this.#end();
    if (this.#drainUntilMs === undefined) this.#beginDrain(drainMs);
    else if (drainMs !== undefined)
      this.#drainUntilMs = Math.min(this.#drainUntilMs, this.#clock.monotonicMs() + drainMs);
    this.#endWhenDrained();
    return this.finished;
  }

  report(): SimulationReport {
    if (this.#final !== undefined) return this.#final;
    const protocols = this.#options.groups.map(({ factory, endpoint }) => `${factory.protocol}/${endpoint.transport}`);
    const elapsedS = (this.#clock.monotonicMs() - this.#startMs) / 1000;
    return this.stats.report({ protocols, devices: this.#options.devices, elapsedS });
  }

  #startAt(): number {
    const { startAt, speedUp = 1, durationMs = 0 } = this.#options;
    if (startAt !== undefined) return startAt;
    return Math.floor((this.#clock.now() - durationMs * (speedUp - 1)) / 1000) * 1000;
  }

  #offsetMs(n: number): number {
    const ramp = this.#options.rampPerSecond;
    return ramp === undefined ? 0 : (n / ramp) * 1000;
  }

  #createDevice(n: number, startAt: number): Device {
    const options = this.#options;
    const { seed = 1, speedUp = 1 } = options;
    const number = (options.first ?? 0) + n;
    const { factory, endpoint } = options.groups[n % options.groups.length] as FleetGroup;
    const deviceId = factory.deviceId(number);
    const vehicle = new Vehicle({ seed, number, fixLossRate: options.fixLossRate ?? 0 });
    const recorder = new Recorder({
      vehicle,
      random: new Random(seed, number, streams.recorder),
      intervalMs: options.intervalMs ?? 1000,
      speedUp,
      startMs: this.#startMs + this.#offsetMs(n),
      endMs: this.#endMs,
      startAt: startAt + Math.round(this.#offsetMs(n) * speedUp),
      offlineRate: options.offlineRate ?? 0,
      offlineMs: options.offlineMs ?? 30_000,
    });
    return new Device({
      deviceId,
      protocol: factory.protocol,
      endpoint,
      behavior: factory.create({ deviceId, transport: endpoint.transport }),
      vehicle,
      recorder,
      random: new Random(seed, number, streams.link),
      clock: this.#clock,
      stats: this.stats,
      hooks: options.hooks ?? {},
      faults: { ...noFaults, ...options.faults },
      batch: options.batch ?? 1,
      backlogRecords: options.backlogRecords ?? defaultBacklog(options.devices),
      timeoutMs: options.timeoutMs ?? (endpoint.transport === 'tcp' ? 30_000 : 5_000),
      backoffMs: options.backoffMs ?? { min: 1000, max: 30_000 },
    });
  }

  #tick(): void {
    const nowMs = this.#clock.monotonicMs();
    while (this.#started < this.devices.length && this.#startMs + this.#offsetMs(this.#started) <= nowMs)
      this.#started++;
    for (let i = 0; i < this.#started; i++) (this.devices[i] as Device).tick(nowMs);
    if (this.#drainUntilMs === undefined && nowMs >= this.#endMs) this.#beginDrain();
    this.#endWhenDrained();
  }

  #endWhenDrained(): void {
    if (this.#drainUntilMs === undefined) return;
    if (this.stats.recordsPending === 0 || this.#clock.monotonicMs() >= this.#drainUntilMs) this.#end();
  }

  #beginDrain(drainMs = this.#options.drainMs ?? 10_000): void {
    this.#drainUntilMs = this.#clock.monotonicMs() + drainMs;
    for (const device of this.devices) device.finish();
  }

  #end(): void {
    if (this.#final !== undefined) return;
    this.#ticker?.cancel();
    for (const device of this.devices) device.close();
    this.#final = this.report();
    this.#resolve(this.#final);
  }
}

/** What one unit of a fleet of `devices` may keep. */
export function defaultBacklog(devices: number): number {
  const share = Math.floor(fleetBacklogRecords / devices);
  return Math.max(smallestBacklogRecords, Math.min(deviceBacklogRecords, share));
}

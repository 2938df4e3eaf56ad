/**
 * One simulation from its options to its report: builds the fleet, shows progress, ends at the duration or at the abort signal. Used by
 * the `simulate` command, the demo, tests and benchmarks.
 */
import { type Clock, systemClock } from '../src/clock.js';
import { ConfigError } from '../src/errors.js';
import type { BehaviorFactory } from './behavior.js';
import { behaviors } from './behaviors/registry.js';
import type { FleetHooks } from './device.js';
import { createFleet, type Fleet, type FleetGroup } from './fleet.js';
import { type LinkFaults, noFaults } from './link.js';
import { type OutputStream, showProgress } from './progress.js';
import type { SimulationReport } from './stats.js';
import { groupsOf } from './targets.js';

export interface SimulationOptions {
  /** Protocol name, several separated by commas, or `all`. */
  readonly protocol: string;
  /** Host, `host:port`, or `protocol=host:port`; none for the protocol's port on this machine. */
  readonly targets: readonly string[];
  readonly transport: 'tcp' | 'udp';
  readonly devices: number;
  readonly first: number;
  /** Seconds from one record to the next. */
  readonly intervalS: number;
  readonly durationS: number;
  readonly seed: number;
  readonly batch: number;
  /** Units started in a second; undefined: all within a quarter of the duration, 100 a second at least. */
  readonly ramp: number | undefined;
  readonly timeoutS: number | undefined;
  readonly drainS: number;
  readonly backlog: number | undefined;
  /** Time of the first record, ms since 1970 UTC; undefined for now. */
  readonly startAt: number | undefined;
  readonly speedUp: number;
  readonly faults: LinkFaults;
  readonly offlineRate: number;
  readonly offlineS: number;
  readonly fixLossRate: number;
}

export const defaultSimulation: SimulationOptions = {
  protocol: 'teltonika',
  targets: [],
  transport: 'tcp',
  devices: 10,
  first: 0,
  intervalS: 1,
  durationS: 60,
  seed: 1,
  batch: 1,
  ramp: undefined,
  timeoutS: undefined,
  drainS: 10,
  backlog: undefined,
  startAt: undefined,
  speedUp: 1,
  faults: noFaults,
  offlineRate: 0,
  offlineS: 30,
  fixLossRate: 0,
};

export interface SimulationIo {
  /** Where progress is shown; nowhere when absent. */
  readonly progress?: OutputStream;
  readonly clock?: Clock;
  /** Ends the simulation early. */
  readonly signal?: AbortSignal;
  readonly hooks?: FleetHooks;
  /** Behaviors to choose from; default all that there are. */
  readonly behaviors?: readonly BehaviorFactory[];
}

/** After an abort the last acknowledgements are awaited this long, ms. */
const abortDrainMs = 2000;
const rampAtLeast = 100;

/** Runs a simulation to its end. Throws `ConfigError` when the options contradict each other. */
export async function runSimulation(
  options: Partial<SimulationOptions>,
  io: SimulationIo = {},
): Promise<SimulationReport> {
  const all: SimulationOptions = { ...defaultSimulation, ...options };
  const clock = io.clock ?? systemClock;
  const fleet = fleetOf(all, groupsOf(all, io.behaviors ?? behaviors), io);
  const abort = () => void fleet.stop(abortDrainMs);
  fleet.start();
  const hide =
    io.progress === undefined
      ? undefined
      : showProgress({ stream: io.progress, clock, stats: fleet.stats, durationMs: all.durationS * 1000 });
  if (io.signal?.aborted === true) abort();
  io.signal?.addEventListener('abort', abort, { once: true });
  const report = await fleet.finished;
  io.signal?.removeEventListener('abort', abort);
  hide?.();
  return report;
}

function fleetOf(options: SimulationOptions, groups: readonly FleetGroup[], io: SimulationIo): Fleet {
  const ramp = options.ramp ?? Math.max(rampAtLeast, (4 * options.devices) / options.durationS);
  const lastStartS = (options.devices - 1) / ramp;
  if (lastStartS >= options.durationS) {
    throw new ConfigError([
      `at ${ramp} units a second the last one would start after ${Math.ceil(lastStartS)} s, when the run is over`,
    ]);
  }
  return createFleet({
    groups,
    devices: options.devices,
    first: options.first,
    intervalMs: options.intervalS * 1000,
    durationMs: options.durationS * 1000,
    seed: options.seed,
    batch: options.batch,
    rampPerSecond: ramp,
    drainMs: options.drainS * 1000,
    faults: options.faults,
    offlineRate: options.offlineRate,
    offlineMs: options.offlineS * 1000,
    fixLossRate: options.fixLossRate,
    speedUp: options.speedUp,
    ...(options.timeoutS === undefined ? {} : { timeoutMs: options.timeoutS * 1000 }),
    ...(options.backlog === undefined ? {} : { backlogRecords: options.backlog }),
    ...(options.startAt === undefined ? {} : { startAt: options.startAt }),
    ...(io.clock === undefined ? {} : { clock: io.clock }),
    ...(io.hooks === undefined ? {} : { hooks: io.hooks }),
  });
}

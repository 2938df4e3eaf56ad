/**
 * The scenarios under load: the reference, the gateway with its journal and the gateway without one, in turn and on the same bytes.
 */
import type { LoadResult } from './load-job.js';
import type { Processes, RunningServer } from './processes.js';

export interface LoadScenario {
  readonly name: string;
  readonly connections: number;
  readonly framesInFlight: number;
  readonly recordsPerFrame: number;
  /** Share of the reference's speed that is aimed at; undefined where no aim is set. */
  readonly target: number | undefined;
}

const one = { framesInFlight: 1, recordsPerFrame: 1 };

export const loadScenarios: readonly LoadScenario[] = [
  { name: 'connections-100', connections: 100, ...one, target: undefined },
  { name: 'connections-1000', connections: 1000, ...one, target: 0.5 },
  { name: 'connections-10000', connections: 10_000, ...one, target: undefined },
  { name: 'in-flight-8', connections: 1000, framesInFlight: 8, recordsPerFrame: 1, target: 0.5 },
  { name: 'records-25', connections: 1000, framesInFlight: 1, recordsPerFrame: 25, target: 0.25 },
];

export const serverKinds = ['reference', 'journal', 'ephemeral'] as const;
export type ServerKind = (typeof serverKinds)[number];

/** How long and how large a bench is. */
export interface Scale {
  readonly warmUpMs: number;
  readonly measureMs: number;
  readonly maxConnections: number;
  /** Records kept before the starts that are timed. */
  readonly startRecords: number;
  readonly idleConnections: number;
  /** Trackers whose states are asked for at once. */
  readonly apiTrackers: number;
}

/** What a row of the load table holds. Figures that the system does not tell are null. */
export interface LoadFigures {
  readonly acksPerSecond: number;
  readonly recordsPerSecond: number;
  /** Server CPU, all threads, for a million frames. */
  readonly cpuSecondsPerMillionFrames: number | null;
  /** The server's core, with everything that ran on it. */
  readonly coreBusyPercent: number | null;
  readonly serverBusyPercent: number | null;
  readonly clientBusyPercent: number | null;
  /** The server's core had time to spare: acks/s say more about the client, or the disk, than about the server. */
  readonly isClientBound: boolean;
  /** Something else took more than a little of the server's core. */
  readonly isDisturbed: boolean;
}

export interface LoadRow {
  readonly scenario: LoadScenario;
  readonly server: ServerKind;
  /** Fewer than the scenario asks for where the limit of open files is low. */
  readonly connections: number;
  readonly figures: LoadFigures | null;
  readonly error: string | null;
}

const clientBoundBelowPercent = 90;
const disturbedFromPercent = 10;

/** Runs one scenario against one kind of server. A run that fails is a row with the reason. */
export async function runLoad(
  processes: Processes,
  scenario: LoadScenario,
  server: ServerKind,
  scale: Scale,
): Promise<LoadRow> {
  const connections = processes.admit(Math.min(scenario.connections, scale.maxConnections));
  const row = { scenario, server, connections };
  const { framesInFlight, recordsPerFrame } = scenario;
  try {
    const figures = await withServer(processes, server, recordsPerFrame, async ({ pid, port }) => {
      const load = await processes.load({
        port,
        serverPid: pid,
        serverCore: processes.cores.server,
        connections,
        framesInFlight,
        recordsPerFrame,
        until: { kind: 'time', warmUpMs: scale.warmUpMs, measureMs: scale.measureMs },
      });
      await load.end();
      return figuresOf(load.result, recordsPerFrame);
    });
    return { ...row, figures, error: null };
  } catch (error) {
    return { ...row, figures: null, error: error instanceof Error ? error.message : String(error) };
  }
}

/** Runs `use` against a fresh server of this kind, which is gone afterwards with what it kept. */
export async function withServer<T>(
  processes: Processes,
  kind: ServerKind,
  recordsPerFrame: number,
  use: (server: RunningServer) => Promise<T>,
): Promise<T> {
  const dir = kind === 'journal' ? processes.makeDir() : undefined;
  try {
    const server =
      kind === 'reference'
        ? await processes.reference(recordsPerFrame)
        : await processes.gateway(dir === undefined ? ['--ephemeral'] : ['--data-dir', dir]);
    try {
      return await use(server);
    } finally {
      await server.end('SIGKILL');
    }
  } finally {
    if (dir !== undefined) processes.removeDir(dir);
  }
}

function figuresOf(result: LoadResult, recordsPerFrame: number): LoadFigures {
  const { acks, seconds, serverCpuSeconds } = result;
  const percent = (busySeconds: number | undefined) =>
    busySeconds === undefined ? null : (busySeconds / seconds) * 100;
  const serverBusyPercent = percent(serverCpuSeconds);
  const coreBusyPercent = percent(result.coreBusySeconds);
  const busyPercent = coreBusyPercent ?? serverBusyPercent;
  return {
    acksPerSecond: acks / seconds,
    recordsPerSecond: (acks * recordsPerFrame) / seconds,
    cpuSecondsPerMillionFrames: serverCpuSeconds === undefined || acks === 0 ? null : (serverCpuSeconds / acks) * 1e6,
    coreBusyPercent,
    serverBusyPercent,
    clientBusyPercent: percent(result.clientCpuSeconds),
    isClientBound: busyPercent !== null && busyPercent < clientBoundBelowPercent,
    isDisturbed:
      coreBusyPercent !== null &&
      serverBusyPercent !== null &&
      coreBusyPercent - serverBusyPercent > disturbedFromPercent,
  };
}

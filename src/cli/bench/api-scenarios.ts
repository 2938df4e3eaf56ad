/**
 * The scenarios of the HTTP API: one state beside a bare fastify, the states of a whole fleet while records come in, and commands to
 * units that are connected.
 */
import { NavixyClient } from '../../client/index.js';
import type { ApiRow, CommandRow } from './api-report.js';
import { type HttpJob, type HttpResult, together } from './http-job.js';
import type { Processes, RunningApi, RunningPace, RunningServer } from './processes.js';
import type { Scale } from './scenarios.js';

export const apiScenarios = ['get-state', 'get-states', 'raw-command'] as const;
export type ApiScenario = (typeof apiScenarios)[number];

/** Connections that ask for one state; every one has a request under way. */
const stateConnections = 64;
/** Those that ask for the states of the fleet: while one is answered another waits. */
const statesConnections = 2;
const commandUnits = 50;
/** Records that come in beside, each in a frame of its own. */
const recordsPerSecond = 10_000;
/** A pace is kept for longer than what is measured beside it: clients have to start. */
const spareMs = 10_000;

/** Both servers are measured in so many turns: what else the machine does changes by the second, and meets both. */
const stateTurns = 5;

/** `get_state` of the gateway, and the same from a bare fastify with answers of the same size. */
export function measureGetState(processes: Processes, scale: Scale): Promise<ApiRow[]> {
  return withApi({ processes, isProbed: false }, async (api) => {
    const pace = await keepPace(processes, api, { units: 1, recordsPerSecond: 0.001, measureMs: 0 });
    const url = await urlOfState(api);
    const turn = { ...scale, measureMs: scale.measureMs / stateTurns };
    const job = { connections: stateConnections, method: 'GET', body: '' } as const;
    const first = await askFor(processes, api, turn, { ...job, url });
    const server = await processes.httpReference(first.bodyBytes);
    try {
      const own = [first];
      const bare = [await askFor(processes, server, turn, { ...job, url })];
      while (own.length < stateTurns) {
        own.push(await askFor(processes, api, turn, { ...job, url }));
        bare.push(await askFor(processes, server, turn, { ...job, url }));
      }
      await pace.end();
      return [
        rowOf('get-state', 'reference', stateConnections, together(bare)),
        rowOf('get-state', 'gateway', stateConnections, together(own)),
      ];
    } finally {
      await server.end('SIGKILL');
    }
  });
}

/** Asks for the state of the one tracker there is. */
async function urlOfState(api: RunningApi): Promise<string> {
  const client = await logIn(api);
  const { list } = await client.call('tracker/list');
  return `/tracker/get_state?hash=${client.hash}&tracker_id=${list[0]?.id}`;
}

/** What is looked at is the longest stall, so the code has to be compiled before: that takes V8 this much longer than with acknowledgements. */
const statesWarmUpFactor = 4;

/** `get_states` of every tracker, by their ids, while their units report. */
export async function measureGetStates(processes: Processes, { warmUpMs, ...rest }: Scale): Promise<ApiRow[]> {
  const scale = { ...rest, warmUpMs: warmUpMs * statesWarmUpFactor };
  return withApi({ processes, isProbed: true }, async (api) => {
    const units = processes.admit(scale.apiTrackers);
    const paceMs = scale.warmUpMs + scale.measureMs + spareMs;
    const pace = await keepPace(processes, api, { units, recordsPerSecond, measureMs: paceMs });
    const client = await logIn(api);
    const { list } = await client.call('tracker/list');
    const body = JSON.stringify({ hash: client.hash, trackers: list.map(({ id }) => id) });
    const job = { connections: statesConnections, method: 'POST', url: '/tracker/get_states', body } as const;
    await api.longestStall();
    const result = await askFor(processes, api, scale, job);
    const stall = await api.longestStall();
    const load = await pace.result;
    await pace.end();
    const beside = { trackers: list.length, recordsPerSecond: load.acks / load.seconds, ...stall };
    return [{ ...rowOf('get-states', 'gateway', statesConnections, result), ...beside }];
  });
}

/** Commands to units that are connected: with nothing else to do, and while records come in. */
export async function measureCommands(processes: Processes, scale: Scale): Promise<CommandRow[]> {
  return withApi({ processes, isProbed: false }, async (api) => {
    const job = {
      ...{ port: api.port, httpUrl: urlOf(api), password: api.password },
      ...{ units: commandUnits, measureMs: scale.measureMs },
    };
    const idle = await processes.command(job);
    const units = processes.admit(Math.min(1000, scale.maxConnections));
    const paceMs = scale.measureMs + spareMs;
    const pace = await keepPace(processes, api, { units, recordsPerSecond, measureMs: paceMs });
    const busy = await processes.command(job);
    const load = await pace.result;
    await pace.end();
    return [
      { recordsPerSecond: 0, ...idle },
      { recordsPerSecond: load.acks / load.seconds, ...busy },
    ];
  });
}

/** Runs `use` against a fresh gateway, which is gone afterwards with what it kept. A probe in it takes some of its time. */
async function withApi<T>(
  { processes, isProbed }: { readonly processes: Processes; readonly isProbed: boolean },
  use: (api: RunningApi) => Promise<T>,
): Promise<T> {
  const dir = processes.makeDir();
  try {
    const api = await processes.api(dir, isProbed);
    try {
      return await use(api);
    } finally {
      await api.end('SIGKILL');
    }
  } finally {
    processes.removeDir(dir);
  }
}

interface Pace {
  readonly units: number;
  readonly recordsPerSecond: number;
  readonly measureMs: number;
}

function keepPace(processes: Processes, api: RunningApi, { units, measureMs, ...pace }: Pace): Promise<RunningPace> {
  return processes.pace({
    ...{ port: api.port, serverPid: api.pid, serverCore: processes.cores.server, connections: units },
    ...{ framesInFlight: 1, recordsPerFrame: 1 },
    until: { kind: 'pace', framesPerSecond: pace.recordsPerSecond, measureMs },
  });
}

function urlOf(api: RunningApi): string {
  return `http://127.0.0.1:${api.httpPort}`;
}

async function logIn(api: RunningApi): Promise<NavixyClient> {
  const client = new NavixyClient({ url: urlOf(api) });
  await client.logIn('admin', api.password);
  return client;
}

type Ask = Pick<HttpJob, 'connections' | 'method' | 'url' | 'body'>;

function askFor(processes: Processes, server: RunningServer, scale: Scale, ask: Ask): Promise<HttpResult> {
  return processes.ask({
    ...ask,
    ...{ port: server.httpPort, serverPid: server.pid, serverCore: processes.cores.server },
    ...{ warmUpMs: scale.warmUpMs, measureMs: scale.measureMs },
  });
}

function rowOf(scenario: ApiRow['scenario'], server: ApiRow['server'], connections: number, of: HttpResult): ApiRow {
  const percent = (seconds: number | undefined) => (seconds === undefined ? null : (seconds / of.seconds) * 100);
  const { serverCpuSeconds } = of;
  return {
    ...{ scenario, server, connections, bodyBytes: of.bodyBytes },
    ...{ trackers: 1, answersPerSecond: of.answers / of.seconds, p50Ms: of.p50Ms, p99Ms: of.p99Ms },
    cpuMicrosecondsPerAnswer:
      serverCpuSeconds === undefined || of.answers === 0 ? null : (serverCpuSeconds / of.answers) * 1e6,
    ...{ serverBusyPercent: percent(serverCpuSeconds), coreBusyPercent: percent(of.coreBusySeconds) },
    ...{ clientBusyPercent: percent(of.clientCpuSeconds), recordsPerSecond: null, stallMs: null, ownStallMs: null },
  };
}

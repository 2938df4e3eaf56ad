/**
 * What a connection costs while it is idle: resident memory of the server before and after many units have logged in and sent one record.
 */
import { residentBytesOf } from './proc.js';
import type { Processes } from './processes.js';
import { type Scale, type ServerKind, withServer } from './scenarios.js';

export interface MemoryRow {
  readonly server: ServerKind;
  readonly connections: number;
  readonly beforeBytes: number;
  readonly afterBytes: number;
  readonly bytesPerConnection: number;
}

/** The garbage of the logins is collected in its own time: the lowest of several looks is nearest to what stays. */
const looks = 12;
const lookEveryMs = 250;

/** Aimed at: at most this much for an idle connection. Bytes. */
export const memoryTargetBytes = 10 * 1024;

export function measureMemory(processes: Processes, server: ServerKind, scale: Scale): Promise<MemoryRow> {
  const connections = processes.admit(Math.min(scale.idleConnections, scale.maxConnections));
  return withServer(processes, server, 1, async ({ pid, port }) => {
    const beforeBytes = await lowestResident(pid);
    const load = await processes.load({
      port,
      serverPid: pid,
      serverCore: processes.cores.server,
      connections,
      framesInFlight: 1,
      recordsPerFrame: 1,
      until: { kind: 'count', frames: connections },
    });
    const afterBytes = await lowestResident(pid);
    await load.end();
    return {
      server,
      connections,
      beforeBytes,
      afterBytes,
      bytesPerConnection: (afterBytes - beforeBytes) / connections,
    };
  });
}

async function lowestResident(pid: number): Promise<number> {
  let lowest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < looks; i++) {
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
    const bytes = residentBytesOf(pid);
    if (bytes === undefined) throw new Error('the server is gone');
    lowest = Math.min(lowest, bytes);
  }
  return lowest;
}

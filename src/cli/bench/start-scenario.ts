/**
 * How long a gateway takes to be ready when it has kept a lot: after being killed, and after an orderly stop.
 */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Processes } from './processes.js';
import type { Scale } from './scenarios.js';

const recordsPerFrame = 25;
const connections = 100;
const framesInFlight = 4;
const blockBytes = 512;

/** Times are from the start of the process to the `ready` line, that of Node itself included. */
export interface StartFigures {
  readonly records: number;
  /** What they take on the disk. */
  readonly diskBytes: number;
  readonly fillSeconds: number;
  readonly emptyMs: number;
  readonly afterKillMs: number;
  /** What the orderly stop took. */
  readonly stopMs: number;
  readonly afterStopMs: number;
}

export async function measureStarts(processes: Processes, scale: Scale): Promise<StartFigures> {
  const dir = processes.makeDir();
  const storage = ['--data-dir', dir];
  try {
    const first = await processes.gateway(storage);
    const frames = Math.ceil(scale.startRecords / recordsPerFrame);
    const load = await processes.load({
      port: first.port,
      serverPid: first.pid,
      serverCore: processes.cores.server,
      connections: processes.admit(connections),
      framesInFlight,
      recordsPerFrame,
      until: { kind: 'count', frames },
    });
    await first.end('SIGKILL');
    await load.end();
    const afterKill = await processes.gateway(storage);
    const stopStartedMs = performance.now();
    await afterKill.end('SIGTERM');
    const stopMs = performance.now() - stopStartedMs;
    const afterStop = await processes.gateway(storage);
    await afterStop.end('SIGKILL');
    return {
      records: load.result.acks * recordsPerFrame,
      diskBytes: diskBytesOf(dir),
      fillSeconds: load.result.seconds,
      emptyMs: first.readyMs,
      afterKillMs: afterKill.readyMs,
      stopMs,
      afterStopMs: afterStop.readyMs,
    };
  } finally {
    processes.removeDir(dir);
  }
}

/** Blocks in use: the files of the journal may be larger on paper. */
function diskBytesOf(dir: string): number {
  let sum = 0;
  for (const entry of readdirSync(dir, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) sum += statSync(join(entry.parentPath, entry.name)).blocks * blockBytes;
  }
  return sum;
}

/**
 * What the bench tells the load client, as its one argument, and what the client answers, as JSON lines on its standard output.
 */
import type { Usage } from './usage.js';

export interface LoadJob {
  readonly port: number;
  /** The server's process and the core it is pinned to, for the client to read their CPU times at the very moment it counts. */
  readonly serverPid: number;
  readonly serverCore: number | undefined;
  readonly connections: number;
  readonly framesInFlight: number;
  readonly recordsPerFrame: number;
  /** A time to measure, a number of frames to have acknowledged, or a pace to keep; the connections stay open afterwards. */
  readonly until: LoadTime | LoadCount | LoadPace;
}

export interface LoadTime {
  readonly kind: 'time';
  /** Runs first and is not counted. */
  readonly warmUpMs: number;
  readonly measureMs: number;
}

export interface LoadCount {
  readonly kind: 'count';
  readonly frames: number;
}

/** So many frames a second over all connections, answered or not. `started` is told once every unit had its first answer. */
export interface LoadPace {
  readonly kind: 'pace';
  readonly framesPerSecond: number;
  readonly measureMs: number;
}

/** What was measured. */
export interface LoadResult extends Usage {
  readonly msg: 'done';
  readonly acks: number;
}

export interface LoadFailure {
  readonly msg: 'failed';
  readonly reason: string;
}

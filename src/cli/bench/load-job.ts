/**
 * What the bench tells the load client, as its one argument, and what the client answers, as JSON lines on its standard output.
 */

export interface LoadJob {
  readonly port: number;
  /** The server's process and the core it is pinned to, for the client to read their CPU times at the very moment it counts. */
  readonly serverPid: number;
  readonly serverCore: number | undefined;
  readonly connections: number;
  readonly framesInFlight: number;
  readonly recordsPerFrame: number;
  /** Either a time to measure or a number of frames to have acknowledged; the connections stay open afterwards. */
  readonly until: LoadTime | LoadCount;
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

/** What was measured. CPU figures are seconds; undefined where the system does not tell. */
export interface LoadResult {
  readonly msg: 'done';
  readonly seconds: number;
  readonly acks: number;
  readonly serverCpuSeconds: number | undefined;
  readonly clientCpuSeconds: number | undefined;
  /** The server's core, busy with the server and with anything else. */
  readonly coreBusySeconds: number | undefined;
}

export interface LoadFailure {
  readonly msg: 'failed';
  readonly reason: string;
}

/**
 * What a stretch of time cost: CPU of the server and of the client that measures, from the operating system.
 */
import { coreBusySeconds, cpuSecondsOf } from './proc.js';

/** Times so far. Those of the CPU are undefined where the system does not tell. */
export interface UsageMark {
  readonly atMs: number;
  readonly serverCpuSeconds: number | undefined;
  readonly clientCpuSeconds: number | undefined;
  readonly coreBusySeconds: number | undefined;
}

/** What was used between two marks, in seconds. */
export interface Usage {
  readonly seconds: number;
  readonly serverCpuSeconds: number | undefined;
  readonly clientCpuSeconds: number | undefined;
  /** The server's core, busy with the server and with anything else. */
  readonly coreBusySeconds: number | undefined;
}

export interface Measured {
  readonly serverPid: number;
  readonly serverCore: number | undefined;
}

export function markUsage({ serverPid, serverCore }: Measured): UsageMark {
  return {
    atMs: performance.now(),
    serverCpuSeconds: cpuSecondsOf(serverPid),
    clientCpuSeconds: cpuSecondsOf('self'),
    coreBusySeconds: serverCore === undefined ? undefined : coreBusySeconds(serverCore),
  };
}

export function usageBetween(before: UsageMark, after: UsageMark): Usage {
  const less = (a: number | undefined, b: number | undefined) =>
    a === undefined || b === undefined ? undefined : b - a;
  return {
    seconds: (after.atMs - before.atMs) / 1000,
    serverCpuSeconds: less(before.serverCpuSeconds, after.serverCpuSeconds),
    clientCpuSeconds: less(before.clientCpuSeconds, after.clientCpuSeconds),
    coreBusySeconds: less(before.coreBusySeconds, after.coreBusySeconds),
  };
}

/** Several stretches of time as one. What the system did not tell of one of them is not known of all. */
export function sumOfUsage(parts: readonly Usage[]): Usage {
  const sum = (figureOf: (part: Usage) => number | undefined) =>
    parts
      .map(figureOf)
      .reduce((total, value) => (total === undefined || value === undefined ? undefined : total + value));
  return {
    seconds: parts.reduce((total, { seconds }) => total + seconds, 0),
    serverCpuSeconds: sum(({ serverCpuSeconds }) => serverCpuSeconds),
    clientCpuSeconds: sum(({ clientCpuSeconds }) => clientCpuSeconds),
    coreBusySeconds: sum((part) => part.coreBusySeconds),
  };
}

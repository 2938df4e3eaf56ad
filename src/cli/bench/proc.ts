/**
 * What Linux tells of a process and of a core, from `/proc`. CPU times are of all threads, in seconds since the start.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const bytesPerKb = 1024;
/** `USER_HZ`: the tick of `/proc`, 100 a second on every architecture Node runs on. Source: Linux, proc(5) and time(7). */
const ticksPerSecond = 100;

/** True where this module works. */
export function hasProc(): boolean {
  return statusOf('self') !== undefined;
}

/** CPU seconds, user and system, of all threads of a process. Undefined when it is gone. Source: proc(5), `/proc/pid/stat`. */
export function cpuSecondsOf(pid: number | 'self'): number | undefined {
  const text = readProc(`${pid}/stat`);
  // The second field is the name in brackets and may hold blanks; the third follows it.
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields === undefined ? undefined : (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** Resident memory of a process in bytes. Undefined when it is gone. */
export function residentBytesOf(pid: number): number | undefined {
  const kb = statusOf(pid)?.get('VmRSS');
  return kb === undefined ? undefined : Number.parseInt(kb, 10) * bytesPerKb;
}

/** Seconds a core was busy with anything. Undefined when there is no such core. Source: proc(5), `/proc/stat`. */
export function coreBusySeconds(core: number): number | undefined {
  const line = readProc('stat')
    ?.split('\n')
    .find((each) => each.startsWith(`cpu${core} `));
  if (line === undefined) return undefined;
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = line.split(/\s+/).slice(1).map(Number);
  return (user + nice + system + irq + softirq + steal) / ticksPerSecond;
}

/** Cores this process may run on. */
export function allowedCores(): number[] {
  const list = statusOf('self')?.get('Cpus_allowed_list') ?? '';
  return list.split(',').flatMap((range) => {
    const [first = Number.NaN, last = first] = range.split('-').map(Number);
    return Number.isNaN(first) ? [] : Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}

/** Most files this process may come to have open. */
export function openFileLimit(): number {
  const line = readProc('self/limits')
    ?.split('\n')
    .find((each) => each.startsWith('Max open files'));
  const hard = line?.trim().split(/\s{2,}/)[2];
  return hard === 'unlimited' ? Number.POSITIVE_INFINITY : Number(hard ?? 1024);
}

/** True when a program runs and exits with 0. */
export function runs(program: string, args: readonly string[]): boolean {
  try {
    execFileSync(program, args, { stdio: 'ignore', timeout: 5000 });
    return true;
  } catch {
    return false;
  }
}

function statusOf(pid: number | 'self'): Map<string, string> | undefined {
  const text = readProc(`${pid}/status`);
  if (text === undefined) return undefined;
  return new Map(
    text.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]),
  );
}

/** A process that has ended has no files: that is an answer, not a fault. */
function readProc(path: string): string | undefined {
  try {
    return readFileSync(`/proc/${path}`, 'utf8');
  } catch {
    return undefined;
  }
}

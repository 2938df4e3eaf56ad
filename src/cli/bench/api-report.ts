/**
 * Figures of the HTTP API, for people and for programs.
 */
import { decimals, percent, table, whole } from './table.js';

export interface ApiRow {
  readonly scenario: 'get-state' | 'get-states';
  readonly server: 'reference' | 'gateway';
  readonly connections: number;
  readonly trackers: number;
  readonly bodyBytes: number;
  readonly answersPerSecond: number;
  /** From the request to the end of the answer. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Server CPU, all threads. */
  readonly cpuMicrosecondsPerAnswer: number | null;
  readonly serverBusyPercent: number | null;
  readonly coreBusyPercent: number | null;
  readonly clientBusyPercent: number | null;
  /** Records that came in beside. */
  readonly recordsPerSecond: number | null;
  /** Longest time that the event loop was held up; the same by the CPU time of the server in it. */
  readonly stallMs: number | null;
  readonly ownStallMs: number | null;
}

export interface CommandRow {
  /** Records that came in beside. */
  readonly recordsPerSecond: number;
  readonly commands: number;
  /** From the call until the unit has the command. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** Aims: a share of the reference's speed; answers a second, and how long nothing else may be held up; how long a command takes. */
export const apiTargets = { stateRatio: 0.6, statesPerSecond: 60, stallMs: 25, commandMs: 100 } as const;

/** A row beside the reference's, and whether its aim is reached; null where none is set. */
export interface ApiComparison {
  readonly answersRatio: number | null;
  readonly cpuRatio: number | null;
  readonly meetsTarget: boolean | null;
}

const heldUpBelowPercent = 90;
const disturbedFromPercent = 10;

/** As with acknowledgements, answers count only against a reference that was held up by nothing but itself. */
export function compareApi(row: ApiRow, rows: readonly ApiRow[]): ApiComparison {
  if (row.server === 'reference') return { answersRatio: null, cpuRatio: null, meetsTarget: null };
  if (row.scenario === 'get-states') {
    const isSmooth = isWithin(row.stallMs);
    const meetsTarget = isSmooth && row.answersPerSecond >= apiTargets.statesPerSecond;
    return { answersRatio: null, cpuRatio: null, meetsTarget };
  }
  const base = rows.find((each) => each.scenario === row.scenario && each.server === 'reference');
  if (base === undefined) return { answersRatio: null, cpuRatio: null, meetsTarget: null };
  const answersRatio = row.answersPerSecond / base.answersPerSecond;
  const [own, bare] = [row.cpuMicrosecondsPerAnswer, base.cpuMicrosecondsPerAnswer];
  const cpuRatio = own === null || bare === null ? null : bare / own;
  const counted = isHeldUp(base) ? (cpuRatio ?? 0) : Math.max(answersRatio, cpuRatio ?? 0);
  return { answersRatio, cpuRatio, meetsTarget: counted >= apiTargets.stateRatio };
}

function isHeldUp({ coreBusyPercent, serverBusyPercent }: ApiRow): boolean {
  const busy = coreBusyPercent ?? serverBusyPercent;
  return (busy !== null && busy < heldUpBelowPercent) || isDisturbed({ coreBusyPercent, serverBusyPercent });
}

function isDisturbed({ coreBusyPercent, serverBusyPercent }: Pick<ApiRow, 'coreBusyPercent' | 'serverBusyPercent'>) {
  return (
    coreBusyPercent !== null && serverBusyPercent !== null && coreBusyPercent - serverBusyPercent > disturbedFromPercent
  );
}

function isWithin(stallMs: number | null): boolean {
  return stallMs !== null && stallMs <= apiTargets.stallMs;
}

/** The longest stall was not the server's own doing. */
function isStalledByOthers({ stallMs, ownStallMs }: ApiRow): boolean {
  return stallMs !== null && !isWithin(stallMs) && isWithin(ownStallMs);
}

export function isCommandInTime(row: CommandRow): boolean {
  return row.p99Ms <= apiTargets.commandMs;
}

export function apiJson(rows: readonly ApiRow[]): readonly object[] {
  return rows.map((row) => ({ ...row, ...compareApi(row, rows) }));
}

export function commandJson(rows: readonly CommandRow[]): readonly object[] {
  return rows.map((row) => ({ ...row, targetMs: apiTargets.commandMs, meetsTarget: isCommandInTime(row) }));
}

const apiHead = [
  ...['scenario', 'trackers', 'conns', 'bytes', 'server', 'answers/s', 'p50 ms', 'p99 ms', 'CPU us', 'core', 'client'],
  ...['records/s', 'stall ms', 'own ms', 'ratio', 'CPU ratio', 'target', ''],
];

export function apiTable(rows: readonly ApiRow[]): string {
  return table([apiHead, ...rows.map((row) => apiCells(row, rows))]);
}

function apiCells(row: ApiRow, rows: readonly ApiRow[]): string[] {
  const { answersRatio, cpuRatio, meetsTarget } = compareApi(row, rows);
  const busy = row.coreBusyPercent ?? row.serverBusyPercent ?? 100;
  const remarks = [
    busy < heldUpBelowPercent ? 'client-bound' : '',
    isDisturbed(row) || isStalledByOthers(row) ? 'disturbed' : '',
  ];
  return [
    ...[row.scenario, whole(row.trackers), whole(row.connections), whole(row.bodyBytes), row.server],
    ...[whole(row.answersPerSecond), decimals(row.p50Ms, 1), decimals(row.p99Ms, 1)],
    ...[whole(row.cpuMicrosecondsPerAnswer), percent(row.coreBusyPercent), percent(row.clientBusyPercent)],
    ...[whole(row.recordsPerSecond), decimals(row.stallMs, 1), decimals(row.ownStallMs, 1)],
    ...[decimals(answersRatio, 2), decimals(cpuRatio, 2), targetText(row, meetsTarget)],
    remarks.filter((each) => each !== '').join(', '),
  ];
}

function targetText({ scenario, server }: ApiRow, meetsTarget: boolean | null): string {
  if (server === 'reference') return '';
  const { stateRatio, statesPerSecond, stallMs } = apiTargets;
  const aim = scenario === 'get-state' ? String(stateRatio) : `${statesPerSecond}/s, ${stallMs} ms`;
  return meetsTarget === null ? aim : `${aim} ${meetsTarget ? 'met' : 'missed'}`;
}

export function commandTable(rows: readonly CommandRow[]): string {
  const head = ['raw-command', 'commands', 'records/s', 'p50 ms', 'p99 ms', 'max ms', 'target'];
  return table([
    head,
    ...rows.map((row) => [
      ...[row.recordsPerSecond === 0 ? 'idle' : 'under load', whole(row.commands), whole(row.recordsPerSecond)],
      ...[decimals(row.p50Ms, 1), decimals(row.p99Ms, 1), decimals(row.maxMs, 1)],
      `${apiTargets.commandMs} ${isCommandInTime(row) ? 'met' : 'missed'}`,
    ]),
  ]);
}

/**
 * What a bench found, as a table for people and as JSON for programs. Both ratios are shares of the reference's speed, so more is better.
 */
import { type ApiRow, apiJson, apiTable, type CommandRow, commandJson, commandTable } from './api-report.js';
import { type MemoryRow, memoryTargetBytes } from './memory-scenario.js';
import type { LoadFigures, LoadRow } from './scenarios.js';
import type { StartFigures } from './start-scenario.js';
import { decimals, percent, table, whole } from './table.js';

/** Everything measured in one run. */
export interface BenchResult {
  readonly at: string;
  readonly node: string;
  readonly cpu: string;
  readonly serverCore: number | undefined;
  readonly clientCore: number | undefined;
  readonly measureSeconds: number;
  readonly load: readonly LoadRow[];
  readonly start: StartFigures | undefined;
  readonly memory: readonly MemoryRow[];
  readonly api: readonly ApiRow[];
  readonly commands: readonly CommandRow[];
  /** What a reader has to know before trusting the figures. */
  readonly remarks: readonly string[];
}

/** A row beside the reference's. */
export interface Comparison {
  /** Acks/s over the reference's. */
  readonly acksRatio: number | null;
  /** The reference's CPU seconds a frame over ours. */
  readonly cpuRatio: number | null;
  /** Whether the aim is reached; null where none is set or nothing can be said. */
  readonly meetsTarget: boolean | null;
}

const nothing: Comparison = { acksRatio: null, cpuRatio: null, meetsTarget: null };

/** Acks/s count only against a reference that was held up by nothing but itself: otherwise it looks slower than it is. */
export function compare(row: LoadRow, rows: readonly LoadRow[]): Comparison {
  const base = rows.find((each) => each.scenario === row.scenario && each.server === 'reference')?.figures;
  const own = row.figures;
  if (row.server === 'reference' || own === null || base === null || base === undefined) return nothing;
  const acksRatio = own.acksPerSecond / base.acksPerSecond;
  const cpuRatio =
    own.cpuSecondsPerMillionFrames === null || base.cpuSecondsPerMillionFrames === null
      ? null
      : base.cpuSecondsPerMillionFrames / own.cpuSecondsPerMillionFrames;
  const { target } = row.scenario;
  if (target === undefined) return { acksRatio, cpuRatio, meetsTarget: null };
  const isHeldUp = base.isClientBound || base.isDisturbed;
  const counted = isHeldUp ? (cpuRatio ?? 0) : Math.max(acksRatio, cpuRatio ?? 0);
  return { acksRatio, cpuRatio, meetsTarget: counted >= target };
}

export function formatJson(result: BenchResult): string {
  return JSON.stringify({
    ...result,
    load: result.load.map((row) => ({
      scenario: row.scenario.name,
      server: row.server,
      connections: row.connections,
      framesInFlight: row.scenario.framesInFlight,
      recordsPerFrame: row.scenario.recordsPerFrame,
      target: row.scenario.target ?? null,
      ...compare(row, result.load),
      figures: row.figures,
      error: row.error,
    })),
    memoryTargetBytes,
    api: apiJson(result.api),
    commands: commandJson(result.commands),
  });
}

export function formatTable(result: BenchResult): string {
  const { serverCore, clientCore } = result;
  const where = serverCore === undefined ? 'not pinned' : `server on core ${serverCore}, clients on core ${clientCore}`;
  const parts = [`${result.cpu}, Node ${result.node}, ${where}, ${result.measureSeconds} s a row`];
  if (result.load.length > 0) parts.push(loadTable(result.load));
  if (result.start !== undefined) parts.push(startTable(result.start));
  if (result.memory.length > 0) parts.push(memoryTable(result.memory));
  if (result.api.length > 0) parts.push(apiTable(result.api));
  if (result.commands.length > 0) parts.push(commandTable(result.commands));
  parts.push(...result.remarks.map((remark) => `Note: ${remark}`));
  return parts.join('\n\n');
}

const loadHead = [
  'scenario',
  'conns',
  'in flight',
  'records',
  'server',
  'acks/s',
  'records/s',
  'CPU s/M',
  'core',
  'client',
];
const ratioHead = ['acks ratio', 'CPU ratio', 'target', ''];

function loadTable(rows: readonly LoadRow[]): string {
  return table([[...loadHead, ...ratioHead], ...rows.map((row) => [...loadCells(row), ...ratioCells(row, rows)])]);
}

function loadCells({ scenario, server, connections, figures }: LoadRow): string[] {
  return [
    scenario.name,
    whole(connections),
    String(scenario.framesInFlight),
    String(scenario.recordsPerFrame),
    server,
    whole(figures?.acksPerSecond),
    whole(figures?.recordsPerSecond),
    decimals(figures?.cpuSecondsPerMillionFrames, 2),
    percent(figures?.coreBusyPercent),
    percent(figures?.clientBusyPercent),
  ];
}

function ratioCells(row: LoadRow, rows: readonly LoadRow[]): string[] {
  const { acksRatio, cpuRatio, meetsTarget } = compare(row, rows);
  const target = row.server === 'reference' || row.scenario.target === undefined ? '' : String(row.scenario.target);
  const verdict = meetsTarget === null ? target : `${target} ${meetsTarget ? 'met' : 'missed'}`;
  return [
    decimals(acksRatio, 2),
    decimals(cpuRatio, 2),
    verdict,
    row.error === null ? remarksOf(row.figures) : 'failed',
  ];
}

function remarksOf(figures: LoadFigures | null): string {
  if (figures === null) return '';
  return [figures.isClientBound ? 'client-bound' : '', figures.isDisturbed ? 'disturbed' : '']
    .filter((each) => each !== '')
    .join(', ');
}

function startTable(start: StartFigures): string {
  const { records, diskBytes, fillSeconds, emptyMs, afterKillMs, stopMs, afterStopMs } = start;
  return table([
    [
      `start with ${whole(records)} records (${whole(diskBytes / 1e6)} MB, kept in ${decimals(fillSeconds, 1)} s)`,
      'ms',
    ],
    ['empty data directory', whole(emptyMs)],
    ['after SIGKILL', whole(afterKillMs)],
    ['orderly stop', whole(stopMs)],
    ['after the orderly stop', whole(afterStopMs)],
  ]);
}

function memoryTable(rows: readonly MemoryRow[]): string {
  const head = ['memory of idle connections', 'conns', 'before, MB', 'after, MB', 'KB each', 'target'];
  return table([
    head,
    ...rows.map((row) => [
      row.server,
      whole(row.connections),
      decimals(row.beforeBytes / 2 ** 20, 1),
      decimals(row.afterBytes / 2 ** 20, 1),
      decimals(row.bytesPerConnection / 1024, 1),
      row.server === 'reference'
        ? ''
        : `${memoryTargetBytes / 1024} ${row.bytesPerConnection <= memoryTargetBytes ? 'met' : 'missed'}`,
    ]),
  ]);
}

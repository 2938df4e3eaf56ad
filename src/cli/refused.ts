/**
 * `milepost refused`: why does my tracker not connect? Units that a running gateway turned away lately, the last one first.
 */
import { Command } from 'commander';
import { type ErrorCode, errorTable } from '../errors.js';
import { AdminFailure, type AdminOptions, addAdminOptions, withAdmin } from './admin-client.js';
import { type CliIo, ExitCode, writeLine } from './io.js';

interface RefusedOptions extends AdminOptions {
  readonly unit?: string;
  readonly json?: boolean;
}

interface Refused {
  readonly identity: string | null;
  readonly address: string;
  readonly protocol: string | null;
  readonly reason: string;
  readonly count: number;
  readonly first_at: string;
  readonly last_at: string;
}

export function refusedCommand(io: CliIo, exit: (code: number) => void): Command {
  return addAdminOptions(new Command('refused'))
    .description('list units that a running gateway turned away lately')
    .option('-u, --unit <id>', 'only this identity')
    .option('--json', 'one JSON object a line')
    .action(async (options: RefusedOptions) => {
      const query = options.unit === undefined ? '' : `?identity=${encodeURIComponent(options.unit)}`;
      try {
        const { list } = await withAdmin(io, options, (admin) => admin.get(`refused${query}`));
        for (const line of linesFor(list as readonly Refused[], options.json === true))
          await writeLine(io.stdout, line);
      } catch (error) {
        if (!(error instanceof AdminFailure)) throw error;
        await writeLine(io.stderr, `milepost: ${error.message}`);
        exit(ExitCode.failed);
      }
    });
}

function linesFor(units: readonly Refused[], asJson: boolean): string[] {
  if (asJson) return units.map((unit) => JSON.stringify(unit));
  if (units.length === 0) return ['no unit was turned away since the gateway started'];
  const head = ['last seen', 'unit', 'protocol', 'address', 'times', 'reason'];
  return table([head, ...units.map(cellsOf)]);
}

function cellsOf(unit: Refused): string[] {
  const meaning = Object.hasOwn(errorTable, unit.reason) ? errorTable[unit.reason as ErrorCode][1] : '';
  return [
    unit.last_at.slice(0, 19),
    // What a unit calls itself may hold anything.
    (unit.identity ?? '-').replace(/[^\x20-\x7e]/g, '?'),
    unit.protocol ?? '-',
    unit.address,
    String(unit.count),
    `${unit.reason}: ${meaning}`,
  ];
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

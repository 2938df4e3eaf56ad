/**
 * `milepost apply`: a setup file into a running gateway. Secrets are read from the environment here; the gateway gets them in place.
 */
import { Command } from 'commander';
import { pathFrom } from '../store/setup/problem.js';
import { readSetupFile, type SetupFile } from '../store/setup/read.js';
import type { Tally } from '../store/setup/work.js';
import { AdminFailure, type AdminOptions, addAdminOptions, withAdmin } from './admin-client.js';
import { type CliIo, ExitCode, writeLine } from './io.js';

export function applyCommand(io: CliIo, exit: (code: number) => void): Command {
  return addAdminOptions(new Command('apply'))
    .description('apply a setup file to a running gateway; a second time changes nothing')
    .argument('<file>', 'YAML or JSON')
    .action(async (path: string, options: AdminOptions) => {
      const file = readSetupFile(path, io.env);
      try {
        const report = await withAdmin(io, options, (admin) => admin.post('setup', file.setup));
        for (const line of reportLines(report)) await writeLine(io.stdout, line);
      } catch (error) {
        if (!(error instanceof AdminFailure)) throw error;
        for (const line of failureLines(error, file)) await writeLine(io.stderr, `milepost: ${line}`);
        exit(ExitCode.failed);
      }
    });
}

function reportLines(report: Record<string, unknown>): string[] {
  const sections = Object.entries(report.sections as Record<string, Tally>);
  const lines = sections.map(
    ([name, { created, updated, unchanged }]) =>
      `${name}: ${created} created, ${updated} updated, ${unchanged} unchanged`,
  );
  return report.changed === true ? lines : [...lines, 'nothing changed'];
}

/** What the gateway found wrong, with the lines of the file. */
function failureLines(error: AdminFailure, file: SetupFile): readonly string[] {
  if (error.problems.length === 0) return [error.message];
  return file.located(error.problems.map(({ path, message }) => ({ path: pathFrom(path), message }))).problems;
}

#!/usr/bin/env node
/**
 * The `milepost` command: arguments, signals and exit codes. The only file that touches the process.
 */
import { Command, CommanderError } from 'commander';
import { simulateCommand } from '../simulators/cli.js';
import { journalPath } from './app.js';
import { applyCommand } from './cli/apply.js';
import { backupCommand, restoreCommand } from './cli/backup.js';
import { benchCommand } from './cli/bench.js';
import { decodeCommand } from './cli/decode.js';
import { demoCommand } from './cli/demo.js';
import { encodeCommand } from './cli/encode.js';
import { exportCommand } from './cli/export.js';
import { type CliIo, ExitCode, UsageError } from './cli/io.js';
import { newProtocolCommand } from './cli/new-protocol.js';
import { passwdCommand } from './cli/passwd.js';
import { refusedCommand } from './cli/refused.js';
import { serveCommand } from './cli/serve.js';
import { version } from './cli/version.js';
import { ConfigError, MilepostError } from './errors.js';

const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (stopping.signal.aborted) process.exit(ExitCode.failed);
    stopping.abort();
  });
}
// A reader that goes away (`milepost export | head`) is no failure of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) =>
  process.exit(error.code === 'EPIPE' ? ExitCode.good : ExitCode.failed),
);

const io: CliIo = {
  env: process.env,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  stopped: new Promise((resolve) => stopping.signal.addEventListener('abort', () => resolve())),
};

const exit = (code: number): void => {
  process.exitCode = code;
};

const program = new Command('milepost')
  .description('telematics gateway and fleet simulator')
  .version(version)
  .showHelpAfterError('(try --help)')
  .exitOverride()
  .addCommand(serveCommand(io, exit))
  .addCommand(simulateCommand({ ...io, signal: stopping.signal }, exit))
  .addCommand(decodeCommand(io, exit))
  .addCommand(encodeCommand(io, exit))
  .addCommand(exportCommand(io, journalPath))
  .addCommand(passwdCommand(io))
  .addCommand(applyCommand(io, exit))
  .addCommand(refusedCommand(io, exit))
  .addCommand(backupCommand(io, journalPath))
  .addCommand(restoreCommand(io, journalPath))
  .addCommand(benchCommand(io, exit))
  .addCommand(demoCommand(io, exit))
  .addCommand(newProtocolCommand(io), { hidden: true });
for (const command of program.commands) command.exitOverride().showHelpAfterError('(try --help)');

try {
  await program.parseAsync(process.argv);
} catch (error) {
  process.exitCode = report(error);
}
// Idle sockets of clients that keep their connection open must not hold up the end.
if (stopping.signal.aborted || process.exitCode !== undefined) setTimeout(() => process.exit(), 200).unref();

function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.good : ExitCode.usage;
  if (error instanceof UsageError) {
    process.stderr.write(`milepost: ${error.message}\n`);
    return ExitCode.usage;
  }
  if (error instanceof ConfigError && error.code === 'config_invalid') {
    for (const problem of error.problems) process.stderr.write(`milepost: ${problem}\n`);
    return ExitCode.config;
  }
  if (error instanceof MilepostError) {
    process.stderr.write(
      `milepost: ${error.code}: ${error instanceof ConfigError ? error.problems.join('; ') : error.message}\n`,
    );
    return ExitCode.failed;
  }
  process.stderr.write(`milepost: ${error instanceof Error ? error.stack : String(error)}\n`);
  return ExitCode.failed;
}

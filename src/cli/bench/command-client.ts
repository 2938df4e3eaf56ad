/**
 * The client that times commands, as a process of its own: its one argument is the job, its answer one JSON line. It ends with its
 * standard input.
 */
import { timeCommands } from './command-load.js';
import type { CommandJob, CommandResult } from './http-job.js';
import type { LoadFailure } from './load-job.js';

function answer(line: CommandResult | LoadFailure): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

process.stdin.on('end', () => process.exit()).resume();
try {
  answer(await timeCommands(JSON.parse(process.argv[2] ?? '') as CommandJob));
} catch (error) {
  answer({ msg: 'failed', reason: error instanceof Error ? error.message : String(error) });
}

/**
 * The load client as a process of its own: its one argument is the job, its answer one JSON line. The connections stay open until its
 * standard input ends.
 */
import { Load } from './load.js';
import type { LoadFailure, LoadJob, LoadResult } from './load-job.js';

function answer(line: LoadResult | LoadFailure): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

process.stdin.on('end', () => process.exit()).resume();
try {
  answer(await new Load(JSON.parse(process.argv[2] ?? '') as LoadJob, Date.now()).run());
} catch (error) {
  answer({ msg: 'failed', reason: error instanceof Error ? error.message : String(error) });
}

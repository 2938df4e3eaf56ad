/**
 * The load client as a process of its own: its one argument is the job, its answer one JSON line. The connections stay open until its
 * standard input ends.
 */
import { Load } from './load.js';
import type { LoadFailure, LoadJob, LoadResult } from './load-job.js';

function answer(line: LoadResult | LoadFailure | { readonly msg: 'started' }): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

process.stdin.on('end', () => process.exit()).resume();
try {
  const job = JSON.parse(process.argv[2] ?? '') as LoadJob;
  answer(await new Load(job, Date.now(), () => answer({ msg: 'started' })).run());
} catch (error) {
  answer({ msg: 'failed', reason: error instanceof Error ? error.message : String(error) });
}

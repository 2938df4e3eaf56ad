/**
 * The HTTP client as a process of its own: its one argument is the job, its answer one JSON line. It ends with its standard input.
 */
import type { HttpJob, HttpResult } from './http-job.js';
import { HttpLoad } from './http-load.js';
import type { LoadFailure } from './load-job.js';

function answer(line: HttpResult | LoadFailure): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

process.stdin.on('end', () => process.exit()).resume();
try {
  answer(await new HttpLoad(JSON.parse(process.argv[2] ?? '') as HttpJob).run());
} catch (error) {
  answer({ msg: 'failed', reason: error instanceof Error ? error.message : String(error) });
}

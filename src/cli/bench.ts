/**
 * `milepost bench`: the speed of the gateway beside that of a bare server which only finds frames and acknowledges them.
 */
import { cpus } from 'node:os';
import { versions } from 'node:process';
import { Command, Option } from 'commander';
import type { ApiRow, CommandRow } from './bench/api-report.js';
import { apiScenarios, measureCommands, measureGetState, measureGetStates } from './bench/api-scenarios.js';
import { type MemoryRow, measureMemory } from './bench/memory-scenario.js';
import { hasProc } from './bench/proc.js';
import { Processes } from './bench/processes.js';
import { type BenchResult, formatJson, formatTable } from './bench/report.js';
import { type LoadRow, loadScenarios, runLoad, type Scale, serverKinds } from './bench/scenarios.js';
import { measureStarts, type StartFigures } from './bench/start-scenario.js';
import { type CliIo, ExitCode, UsageError, writeLine } from './io.js';

const names = [...loadScenarios.map((scenario) => scenario.name), 'start', 'memory', ...apiScenarios];
const defaultSeconds = 5;
const longestSeconds = 600;

interface BenchOptions {
  readonly seconds?: string;
  readonly only?: readonly string[];
  readonly json?: boolean;
  readonly quick?: boolean;
}

/** Exit code 1 when a scenario could not be measured or the bench was stopped; a missed aim is reported, no failure. */
export function benchCommand(io: CliIo, exit: (code: number) => void): Command {
  return new Command('bench')
    .description('measure speed against a bare server that only acknowledges')
    .option(
      '--seconds <n>',
      `how long each row is measured, after a second that is not counted (default ${defaultSeconds})`,
    )
    .addOption(new Option('--only <name...>', 'run only these scenarios').choices(names))
    .option('--json', 'print the figures as JSON')
    .option('--quick', 'a second a row, fewer connections and records: shows that it works, measures roughly')
    .addHelpText('after', '\nExample:\n  milepost bench --only connections-1000 records-25')
    .action(async (options: BenchOptions) => {
      if (!hasProc()) throw new UsageError('bench reads /proc and therefore runs on Linux only');
      const scale = scaleOf(options);
      const processes = new Processes(io.env);
      let isStopped = false;
      void io.stopped.then(() => {
        isStopped = true;
        return processes.endAll();
      });
      const bench = new Bench({ io, processes, scale, isStopped: () => isStopped });
      try {
        const result = await bench.run(options.only ?? names);
        if (!isStopped) await writeLine(io.stdout, options.json === true ? formatJson(result) : formatTable(result));
        exit(isStopped || bench.hasFailed ? ExitCode.failed : ExitCode.good);
      } finally {
        await processes.endAll();
      }
    });
}

/** `--quick` is a scale of its own; the seconds can be set beside it. Throws `UsageError`. */
function scaleOf({ seconds: given, quick = false }: BenchOptions): Scale {
  const seconds = Number(given ?? (quick ? 1 : defaultSeconds));
  if (!(seconds > 0 && seconds <= longestSeconds))
    throw new UsageError(`--seconds: expected more than 0 and up to ${longestSeconds}, got ${given}`);
  const measureMs = seconds * 1000;
  return quick
    ? { warmUpMs: 300, measureMs, maxConnections: 1000, startRecords: 50_000, idleConnections: 1000, apiTrackers: 200 }
    : {
        warmUpMs: 1000,
        measureMs,
        maxConnections: 10_000,
        startRecords: 1_000_000,
        idleConnections: 10_000,
        apiTrackers: 2000,
      };
}

interface BenchParts {
  readonly io: CliIo;
  readonly processes: Processes;
  readonly scale: Scale;
  readonly isStopped: () => boolean;
}

class Bench {
  readonly #parts: BenchParts;
  readonly #load: LoadRow[] = [];
  readonly #memory: MemoryRow[] = [];
  readonly #api: ApiRow[] = [];
  readonly #commands: CommandRow[] = [];
  readonly #remarks: string[] = [];
  #start: StartFigures | undefined;
  hasFailed = false;

  constructor(parts: BenchParts) {
    this.#parts = parts;
  }

  async run(wanted: readonly string[]): Promise<BenchResult> {
    const { processes, scale } = this.#parts;
    if (processes.cores.server === undefined)
      this.#remark('processes are not pinned: that takes two cores and `taskset`');
    for (const scenario of loadScenarios.filter((each) => wanted.includes(each.name))) {
      for (const server of serverKinds) {
        await this.#step(`${scenario.name}, ${server}`, async () => {
          const row = await runLoad(processes, scenario, server, scale);
          this.#load.push(row);
          this.#noteFewer(row.connections, Math.min(scenario.connections, scale.maxConnections));
          if (row.error !== null) throw new Error(row.error);
        });
      }
    }
    if (wanted.includes('start')) {
      await this.#step('start', async () => {
        this.#start = await measureStarts(processes, scale);
      });
    }
    if (wanted.includes('memory')) await this.#measureMemory();
    await this.#measureApi(wanted);
    return this.#result();
  }

  async #measureApi(wanted: readonly string[]): Promise<void> {
    const { processes, scale } = this.#parts;
    const measures = {
      'get-state': async () => void this.#api.push(...(await measureGetState(processes, scale))),
      'get-states': async () => void this.#api.push(...(await measureGetStates(processes, scale))),
      'raw-command': async () => void this.#commands.push(...(await measureCommands(processes, scale))),
    };
    for (const name of apiScenarios) {
      if (wanted.includes(name)) await this.#step(name, measures[name]);
    }
  }

  async #measureMemory(): Promise<void> {
    const { processes, scale } = this.#parts;
    for (const server of ['reference', 'journal'] as const) {
      await this.#step(`memory, ${server}`, async () => {
        const row = await measureMemory(processes, server, scale);
        this.#memory.push(row);
        this.#noteFewer(row.connections, scale.idleConnections);
      });
    }
  }

  /** Runs one step and says so; a step that fails is noted, and the others go on. */
  async #step(name: string, run: () => Promise<void>): Promise<void> {
    if (this.#parts.isStopped()) return;
    this.#parts.io.stderr.write(`${name} ...\n`);
    try {
      await run();
    } catch (error) {
      this.hasFailed = true;
      if (!this.#parts.isStopped()) this.#remark(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  #noteFewer(connections: number, wanted: number): void {
    const text = `${connections} connections instead of ${wanted}: the limit of open files is too low (ulimit -n)`;
    if (connections < wanted && !this.#remarks.includes(text)) this.#remark(text);
  }

  #remark(text: string): void {
    this.#remarks.push(text);
    this.#parts.io.stderr.write(`${text}\n`);
  }

  #result(): BenchResult {
    const { processes, scale } = this.#parts;
    return {
      at: new Date().toISOString(),
      node: versions.node,
      cpu: cpus()[0]?.model ?? 'unknown CPU',
      serverCore: processes.cores.server,
      clientCore: processes.cores.client,
      measureSeconds: scale.measureMs / 1000,
      load: this.#load,
      start: this.#start,
      memory: this.#memory,
      api: this.#api,
      commands: this.#commands,
      remarks: this.#remarks,
    };
  }
}

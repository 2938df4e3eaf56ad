/**
 * `milepost simulate`: virtual trackers against a server. Options, help and exit codes; the work is `runSimulation`.
 */
import { Command, Option } from 'commander';
import type { Clock } from '../src/clock.js';
import { ConfigError } from '../src/errors.js';
import { behaviors } from './behaviors/registry.js';
import { applyEnvironment, collect, isoTime, number, seconds, whole } from './cli-values.js';
import type { OutputStream } from './progress.js';
import { defaultSimulation as defaults, runSimulation, type SimulationOptions } from './simulation.js';
import { formatReport, isComplete } from './summary.js';

export { runSimulation } from './simulation.js';

/** What the command may touch of the outside. */
export interface SimulateIo {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock?: Clock;
  /** Ends the simulation early, with its summary. */
  readonly signal?: AbortSignal;
}

/** Options as commander hands them over. */
interface Parsed
  extends Omit<
    SimulationOptions,
    'targets' | 'intervalS' | 'durationS' | 'timeoutS' | 'drainS' | 'offlineS' | 'startAt' | 'faults'
  > {
  readonly target: readonly string[];
  readonly interval: number;
  readonly duration: number;
  readonly timeout?: number;
  readonly drain: number;
  readonly startTime?: number;
  readonly udp?: boolean;
  readonly split: number;
  readonly merge?: boolean;
  readonly delay: number;
  readonly dropRate: number;
  readonly duplicateRate: number;
  readonly offlineTime: number;
  readonly json?: boolean;
}

const rate = { min: 0, max: 1 };
const longest = 30 * 86_400;

/** The command, for the program to add. `exit` is told 0, or 1 when a record was not acknowledged. */
export function simulateCommand(io: SimulateIo, exit: (code: number) => void = () => {}): Command {
  const command = new Command('simulate')
    .description('run virtual trackers against a server')
    .configureOutput({ writeOut: (text) => void io.stdout.write(text), writeErr: (text) => void io.stderr.write(text) })
    .exitOverride();
  for (const [heading, options] of optionGroups()) {
    command.optionsGroup(heading);
    for (const option of options) command.addOption(option);
  }
  return command.addHelpText('after', helpEnd).action(async () => {
    applyEnvironment(command, io.env);
    exit(await run(command, io));
  });
}

async function run(command: Command, io: SimulateIo): Promise<number> {
  const parsed = command.opts<Parsed>();
  try {
    const report = await runSimulation(optionsOf(parsed), {
      progress: io.stderr,
      ...(io.clock === undefined ? {} : { clock: io.clock }),
      ...(io.signal === undefined ? {} : { signal: io.signal }),
    });
    io.stdout.write(`${parsed.json === true ? JSON.stringify(report) : formatReport(report)}\n`);
    return isComplete(report) ? 0 : 1;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return command.error(`error: ${error.problems.join('\nerror: ')}`, { exitCode: 2 });
  }
}

function optionsOf(parsed: Parsed): SimulationOptions {
  const { split: splitBytes, delay: delayMs, dropRate, duplicateRate } = parsed;
  return {
    ...parsed,
    targets: parsed.target,
    transport: parsed.udp === true ? 'udp' : parsed.transport,
    intervalS: parsed.interval,
    durationS: parsed.duration,
    timeoutS: parsed.timeout,
    drainS: parsed.drain,
    offlineS: parsed.offlineTime,
    startAt: parsed.startTime,
    faults: { splitBytes, delayMs, merge: parsed.merge === true, dropRate, duplicateRate },
  };
}

function option<T>(flags: string, description: string, parse: (text: string) => T, value?: T): Option {
  const made = new Option(flags, description).argParser(parse);
  return value === undefined ? made : made.default(value);
}

function optionGroups(): readonly (readonly [heading: string, options: readonly Option[]])[] {
  const protocols = behaviors.map((each) => each.protocol).join(', ');
  return [
    [
      'Where to:',
      [
        new Option('-p, --protocol <names>', `${protocols}; several separated by commas, or all`).default(
          defaults.protocol,
        ),
        new Option('-t, --target <address>', 'HOST, HOST:PORT, or PROTOCOL=HOST:PORT; repeatable')
          .argParser(collect)
          .default([], 'the usual port on 127.0.0.1'),
        new Option('--transport <name>', 'transport').choices(['tcp', 'udp']).default(defaults.transport),
        new Option('--udp', 'the same as --transport udp'),
      ],
    ],
    ['The fleet:', fleetOptions()],
    ['Misbehaviour:', faultOptions()],
    ['Output:', [new Option('--json', 'print the final report as one line of JSON')]],
  ];
}

function fleetOptions(): readonly Option[] {
  return [
    option('-n, --devices <count>', 'virtual trackers', whole({ min: 1, max: 100_000 }), defaults.devices),
    option(
      '--first <number>',
      'number of the first tracker, so that several machines never collide',
      whole({ min: 0, max: 999_999_999 }),
      defaults.first,
    ),
    option(
      '-i, --interval <seconds>',
      'time between the records of a tracker',
      seconds({ min: 0.01, max: 86_400 }),
      defaults.intervalS,
    ),
    option(
      '-d, --duration <seconds>',
      'how long records are made',
      seconds({ min: 0.01, max: longest }),
      defaults.durationS,
    ),
    option('-b, --batch <count>', 'records collected for one frame', whole({ min: 1, max: 1000 }), defaults.batch),
    option(
      '--ramp <rate>',
      'trackers started in a second; default: all within a quarter of the duration',
      number({ min: 0.01, max: 100_000 }),
    ),
    option(
      '--seed <number>',
      'same seed, same fleet, same bytes',
      whole({ min: 0, max: Number.MAX_SAFE_INTEGER }),
      defaults.seed,
    ),
    option('--start-time <time>', 'time of the first record, ISO 8601; default: now', isoTime),
    option(
      '--speed-up <factor>',
      'simulated seconds in a real second',
      number({ min: 0.01, max: 10_000 }),
      defaults.speedUp,
    ),
    option('--timeout <seconds>', 'wait for an answer; default: 30, over UDP 5', seconds({ min: 0.01, max: 3600 })),
    option(
      '--drain <seconds>',
      'wait for missing acknowledgements at the end',
      seconds({ min: 0, max: 3600 }),
      defaults.drainS,
    ),
    option(
      '--backlog <count>',
      'records a tracker keeps; default: 10000, fewer in a large fleet',
      whole({ min: 1, max: 1_000_000 }),
    ),
  ];
}

function faultOptions(): readonly Option[] {
  return [
    option(
      '--split <bytes>',
      'send frames in pieces of at most so many bytes; 0 for whole',
      whole({ min: 0, max: 65_535 }),
      0,
    ),
    new Option('--merge', 'hold frames for a moment and send them together'),
    option('--delay <ms>', 'hold every frame for up to so many milliseconds', number({ min: 0, max: 60_000 }), 0),
    option(
      '--drop-rate <rate>',
      'chance that a frame is lost: a datagram or its answer, over TCP the connection',
      number(rate),
      0,
    ),
    option('--duplicate-rate <rate>', 'chance that a frame is sent twice', number(rate), 0),
    option(
      '--offline-rate <rate>',
      'chance per record that a tracker loses its network',
      number(rate),
      defaults.offlineRate,
    ),
    option(
      '--offline-time <seconds>',
      'how long it stays without, on average',
      seconds({ min: 0.01, max: 86_400 }),
      defaults.offlineS,
    ),
    option(
      '--fix-loss-rate <rate>',
      'chance per simulated second that a receiver loses its fix',
      number(rate),
      defaults.fixLossRate,
    ),
  ];
}

const helpEnd = `
Every option may be set in the environment instead: --drop-rate is MILEPOST_DROP_RATE.

Examples:
  milepost simulate --devices 100 --interval 5 --duration 10m
  milepost simulate --protocol gt06 --target tracker.example.com:5023 --first 5000
  milepost simulate --protocol all --target 127.0.0.1 --drop-rate 0.01 --duplicate-rate 0.01
  milepost simulate --seed 7 --start-time 2026-05-01T08:00:00Z --json

Exit codes: 0 every record was acknowledged, 1 some were not, 2 wrong usage.`;

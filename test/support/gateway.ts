/**
 * Gateways for tests: in this process with any engine and clock, or as the real `milepost` process, and other commands and scripts as
 * processes of their own. Whatever a test starts ends with the test.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import { type App, type AppDeps, startApp } from '../../src/app.js';
import { type ConfigSource, readConfig } from '../../src/config.js';
import type { Listening } from '../../src/ingest/ports.js';
import type { Logger } from '../../src/log.js';
import { within } from './until.js';

const rootDir = new URL('../..', import.meta.url).pathname;

export function silentLog(): Logger {
  return pino({ level: 'silent' });
}

/** What a process printed and how it ended. */
export interface RunResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
}

/** Runs an ES module given as text; it may import the sources. */
export function runScript(source: string): Promise<RunResult> {
  return run(['--import', 'tsx', '--input-type=module', '-e', source], {});
}

export interface RunOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs `milepost` to its end. */
export function runMilepost(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  return run([...program(), ...args], options);
}

async function run(args: readonly string[], { input, env }: RunOptions): Promise<RunResult> {
  const child = spawn(process.execPath, args, { cwd: rootDir, env: { ...cleanEnv(), ...env } });
  onTestFinished(() => void child.kill('SIGKILL'));
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  child.stdin.on('error', () => {});
  child.stdin.end(input ?? '');
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { stdout, stderr, code };
}

/** Settings of whoever runs the tests are none of theirs. */
function cleanEnv(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(MILEPOST_|VITEST|NODE_OPTIONS)/.test(name)),
  );
}

let programArgs: readonly string[] | undefined;

/** The built program when it is not older than its sources, else the sources themselves. */
export function program(): readonly string[] {
  if (programArgs === undefined) {
    const built = join(rootDir, 'dist/src/main.js');
    const newestMs = Math.max(newestIn('src'), newestIn('simulators'));
    const isFresh = existsSync(built) && statSync(built).mtimeMs >= newestMs;
    programArgs = isFresh ? [built] : ['--import', 'tsx', join(rootDir, 'src/main.ts')];
  }
  return programArgs;
}

function newestIn(dir: string): number {
  const files = readdirSync(join(rootDir, dir), { recursive: true, withFileTypes: true }).filter((each) =>
    each.isFile(),
  );
  return Math.max(...files.map((each) => statSync(join(each.parentPath, each.name)).mtimeMs));
}

/** A line of the gateway's log. */
export interface LogLine {
  readonly level: number;
  readonly msg: string;
  readonly [fact: string]: unknown;
}

/** The gateway as a process. */
export class GatewayProcess {
  readonly #child: ChildProcess;
  readonly exited: Promise<{ readonly code: number | null; readonly signal: string | null }>;
  readonly listening: readonly Listening[];
  readonly lines: LogLine[];

  private constructor(child: ChildProcess, lines: LogLine[], listening: readonly Listening[]) {
    this.#child = child;
    this.lines = lines;
    this.listening = listening;
    this.exited = exitOf(child);
  }

  /** Starts `milepost serve` on free ports and waits until it is ready. Throws what it printed when it ends before. */
  static async start(
    args: readonly string[],
    options: { env?: Record<string, string>; prefix?: string[] } = {},
  ): Promise<GatewayProcess> {
    const [command = '', ...rest] = [
      ...(options.prefix ?? []),
      process.execPath,
      ...program(),
      'serve',
      '--http-port',
      '0',
      ...args,
    ];
    const child = spawn(command, rest, {
      cwd: rootDir,
      env: { ...cleanEnv(), ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const lines: LogLine[] = [];
    const ready = new Promise<LogLine>((resolve, reject) => {
      let stderr = '';
      child.stderr?.on('data', (chunk) => {
        stderr += chunk;
      });
      readLines(child, (line) => {
        lines.push(line);
        if (line.msg === 'ready') resolve(line);
      });
      child.on('close', (code) => reject(new Error(`ended with ${code}: ${stderr}`)));
    });
    const { listening } = await within(ready, 'the ready line', 60_000);
    return new GatewayProcess(child, lines, listening as readonly Listening[]);
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  port(protocol: string, transport: 'tcp' | 'udp' = 'tcp'): number {
    return portOf(this.listening, protocol, transport);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port('http')}`;
  }

  /** Sends a signal and waits for the end. */
  stop(signal: 'SIGTERM' | 'SIGINT' | 'SIGKILL' = 'SIGTERM'): Promise<{ code: number | null; signal: string | null }> {
    this.#child.kill(signal);
    return within(this.exited, `the end after ${signal}`, 20_000);
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }
}

function exitOf(child: ChildProcess): Promise<{ code: number | null; signal: string | null }> {
  return new Promise((resolve) => child.on('close', (code, signal) => resolve({ code, signal })));
}

function readLines(child: ChildProcess, take: (line: LogLine) => void): void {
  let rest = '';
  child.stdout?.on('data', (chunk) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.startsWith('{')) take(JSON.parse(line) as LogLine);
  });
}

function portOf(listening: readonly Listening[], protocol: string, transport: 'tcp' | 'udp'): number {
  const found = listening.find((each) => each.protocol === protocol && each.transport === transport);
  if (found === undefined) throw new Error(`${protocol} does not listen on ${transport}`);
  return found.port;
}

/** The gateway in this process. */
export interface LocalGateway {
  readonly app: App;
  readonly url: string;
  port(protocol: string, transport?: 'tcp' | 'udp'): number;
  stop(): Promise<void>;
}

/** Starts a gateway in this process on free ports, in memory unless told otherwise; it stops with the test. */
export async function startLocal(settings: ConfigSource = {}, deps: Partial<AppDeps> = {}): Promise<LocalGateway> {
  const config = readConfig(
    {},
    {
      ephemeral: settings.dataDir === undefined,
      httpPort: 0,
      listen: ['teltonika=0', 'gt06=0', 'wialon-ips=0', 'auto=0'],
      adminPassword: 'secret',
      httpRateLimit: 0,
      ...settings,
    },
  );
  const app = await startApp(config, { log: silentLog(), ...deps });
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= app.stop();
    return stopped;
  };
  onTestFinished(() => stop().catch(() => {}));
  const port = (protocol: string, transport: 'tcp' | 'udp' = 'tcp') => portOf(app.listening, protocol, transport);
  return { app, port, stop, url: `http://127.0.0.1:${port('http')}` };
}

/**
 * The processes of a bench: servers pinned to one core, load clients to another, each told apart by the JSON lines it prints. Everything
 * started here is ended by `endAll`, and when this process ends in whatever way it can still notice; directories made here go with it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { CommandJob, CommandResult, HttpJob, HttpResult } from './http-job.js';
import type { LoadFailure, LoadJob, LoadResult } from './load-job.js';
import { allowedCores, openFileLimit, runs } from './proc.js';

const readyTimeoutMs = 300_000;
const loadGraceMs = 400_000;
const stopTimeoutMs = 30_000;
const probeTimeoutMs = 10_000;
const keptErrorLength = 2000;
/** Files a process needs besides its connections. */
const spareFiles = 200;
const raisedFileLimit = 65_536;

/** Where the servers and the clients run; undefined: not pinned. */
export interface Cores {
  readonly server: number | undefined;
  readonly client: number | undefined;
}

/** A server that takes connections. */
export interface RunningServer {
  readonly pid: number;
  /** Where units connect. */
  readonly port: number;
  readonly httpPort: number;
  /** From the start of its process to its `ready` line, ms. */
  readonly readyMs: number;
  /** Ends it at once (`SIGKILL`) or as an operator would (`SIGTERM`). */
  end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>;
}

/** The longest time between two turns of an event loop, ms. */
export interface Stall {
  readonly stallMs: number;
  /** The longest by the CPU time of the process in it: what other processes or the machine's host took is not in it. */
  readonly ownStallMs: number;
}

/** A gateway whose API is measured. */
export interface RunningApi extends RunningServer {
  readonly password: string;
  /** How long the event loop was held up since it was last asked. Of a gateway with a probe only. */
  longestStall(): Promise<Stall>;
}

/** A load client whose connections are open. */
export interface RunningLoad {
  readonly result: LoadResult;
  end(): Promise<void>;
}

/** A load client that keeps a pace; its connections are open, and every unit has reported. */
export interface RunningPace {
  readonly result: Promise<LoadResult>;
  end(): Promise<void>;
}

export class Processes {
  readonly cores: Cores = pinnedCores();
  readonly #env: Readonly<Record<string, string | undefined>>;
  readonly #children = new Set<Child>();
  readonly #dirs = new Set<string>();
  readonly #onExit = (): void => this.#dropAll();
  #fileLimit = openFileLimit();
  #raise = false;
  #isEnded = false;

  /** `env` is what the servers see; settings of the gateway in it are left out, so that every bench runs on the defaults. */
  constructor(env: Readonly<Record<string, string | undefined>>) {
    this.#env = Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('MILEPOST_')));
    process.once('exit', this.#onExit);
  }

  /** How many of `wanted` connections the limit of open files admits, raising it where that is allowed. */
  admit(wanted: number): number {
    if (this.#fileLimit < wanted + spareFiles && runs('sh', ['-c', `ulimit -n ${raisedFileLimit}`])) {
      this.#raise = true;
      this.#fileLimit = raisedFileLimit;
    }
    return Math.max(1, Math.min(wanted, this.#fileLimit - spareFiles));
  }

  /** The bare server. */
  reference(recordsPerFrame: number): Promise<RunningServer> {
    return this.#server([...script('./reference-server'), String(recordsPerFrame)]);
  }

  /** The gateway under measurement: the one this command belongs to. */
  gateway(storage: readonly string[]): Promise<RunningServer> {
    const ports = ['--listen', 'teltonika=0', '--http-port', '0'];
    return this.#server([...script('../../main'), 'serve', '--open', '--log-level', 'error', ...ports, ...storage]);
  }

  /** The bare HTTP server, with answers of this size. */
  httpReference(bodyBytes: number): Promise<RunningServer> {
    return this.#server([...script('./http-reference-server'), String(bodyBytes)]);
  }

  /** The gateway with its journal in `dir` and without a limit of requests; with a probe in its event loop where that is wanted. */
  async api(dir: string, isProbed: boolean): Promise<RunningApi> {
    const password = randomBytes(12).toString('hex');
    const main = script('../../main');
    const probe = pathToFileURL(script('./loop-probe').at(-1) ?? '').href;
    const command = isProbed ? [...main.slice(0, -1), '--import', probe, ...main.slice(-1)] : main;
    const options = ['serve', '--open', '--log-level', 'error', '--data-dir', dir, '--admin-password', password];
    const ports = ['--listen', 'teltonika=0', '--http-port', '0', '--http-rate-limit', '0'];
    const { child, server } = await this.#started([...command, ...options, ...ports]);
    let asked = 0;
    const longestStall = async () => {
      process.kill(server.pid, 'SIGUSR2');
      const line = await child.line([`loop-${++asked}`], probeTimeoutMs);
      return { stallMs: Number(line.stallMs), ownStallMs: Number(line.ownStallMs) };
    };
    return { ...server, password, longestStall };
  }

  /** Runs a job. Rejects with the reason when it failed. */
  async load(job: LoadJob): Promise<RunningLoad> {
    return this.#client('./load-client', job);
  }

  /** Starts a job that keeps a pace and waits until it does. */
  async pace(job: LoadJob): Promise<RunningPace> {
    const child = this.#spawn([...script('./load-client'), JSON.stringify(job)], this.cores.client);
    const first = (await child.line(['started', 'failed'], loadGraceMs)) as { msg: 'started' } | LoadFailure;
    if (first.msg === 'failed') throw new Error(first.reason);
    const result = this.#resultOf<LoadResult>(child);
    // It may fail before anybody waits for it, and is asked for in the end.
    result.catch(() => {});
    return { result, end: () => child.end('SIGKILL') };
  }

  /** Asks the HTTP API. Rejects with the reason when it failed. */
  async ask(job: HttpJob): Promise<HttpResult> {
    const { result, end } = await this.#client<HttpResult>('./http-client', job);
    await end();
    return result;
  }

  /** Sends commands. Rejects with the reason when it failed. */
  async command(job: CommandJob): Promise<CommandResult> {
    const { result, end } = await this.#client<CommandResult>('./command-client', job);
    await end();
    return result;
  }

  async #client<R extends { readonly msg: 'done' } = LoadResult>(
    module: string,
    job: object,
  ): Promise<{ readonly result: R; end(): Promise<void> }> {
    const child = this.#spawn([...script(module), JSON.stringify(job)], this.cores.client);
    return { result: await this.#resultOf<R>(child), end: () => child.end('SIGKILL') };
  }

  async #resultOf<R extends { readonly msg: 'done' }>(child: Child): Promise<R> {
    const result = (await child.line(['done', 'failed'], loadGraceMs)) as unknown as R | LoadFailure;
    if (result.msg === 'done') return result;
    await child.end('SIGKILL');
    throw new Error(result.reason);
  }

  /** A new directory on the disk of the working directory. */
  makeDir(): string {
    const path = mkdtempSync(resolve('.milepost-bench-'));
    this.#dirs.add(path);
    return path;
  }

  removeDir(path: string): void {
    rmSync(path, { recursive: true, force: true });
    this.#dirs.delete(path);
  }

  /** Ends everything; whoever waits for one of the processes is rejected, and nothing more is started. */
  async endAll(): Promise<void> {
    this.#isEnded = true;
    await Promise.all([...this.#children].map((child) => child.end('SIGKILL')));
    this.#dropAll();
    process.removeListener('exit', this.#onExit);
  }

  #dropAll(): void {
    for (const child of this.#children) child.drop();
    for (const path of this.#dirs) this.removeDir(path);
  }

  async #server(args: readonly string[]): Promise<RunningServer> {
    return (await this.#started(args)).server;
  }

  async #started(args: readonly string[]): Promise<{ readonly child: Child; readonly server: RunningServer }> {
    const startedMs = performance.now();
    const child = this.#spawn(args, this.cores.server);
    const line = (await child.line(['ready'], readyTimeoutMs)) as {
      pid?: number;
      listening?: { protocol: string; port: number }[];
    };
    const readyMs = performance.now() - startedMs;
    const portOf = (protocol: string) => line.listening?.find((each) => each.protocol === protocol)?.port ?? 0;
    const [port, httpPort] = [portOf('teltonika'), portOf('http')];
    if (port + httpPort === 0 || line.pid === undefined) throw new Error('the ready line names no port');
    return { child, server: { pid: line.pid, port, httpPort, readyMs, end: (signal) => child.end(signal) } };
  }

  #spawn(args: readonly string[], core: number | undefined): Child {
    if (this.#isEnded) throw new Error('stopped');
    const pinned = core === undefined ? [] : ['taskset', '-c', String(core)];
    const raised = this.#raise ? ['sh', '-c', `ulimit -n ${raisedFileLimit}; exec "$@"`, 'sh'] : [];
    const [program = process.execPath, ...rest] = [...raised, ...pinned, process.execPath, ...args];
    const child = new Child(spawn(program, rest, { env: this.#env, stdio: ['pipe', 'pipe', 'pipe'] }));
    this.#children.add(child);
    void child.exited.then(() => this.#children.delete(child));
    return child;
  }
}

/** One child process. It ends with its standard input, so it does not outlive a bench that was killed, unless it is the gateway. */
class Child {
  readonly exited: Promise<void>;
  readonly #process: ChildProcess;
  readonly #lines: Record<string, unknown>[] = [];
  #errors = '';
  #wake: () => void = () => {};
  #end: string | undefined;

  constructor(child: ChildProcess) {
    this.#process = child;
    child.stderr?.on('data', (chunk) => {
      this.#errors = (this.#errors + String(chunk)).slice(-keptErrorLength);
    });
    child.stdin?.on('error', () => {});
    if (child.stdout !== null) createInterface({ input: child.stdout }).on('line', (line) => this.#received(line));
    this.exited = new Promise((resolve) => {
      const ended = (how: string) => {
        this.#end ??= how;
        this.#wake();
        resolve();
      };
      child.once('error', (error) => ended(error.message));
      child.once('close', (code, signal) => ended(`ended with ${signal ?? `code ${code}`}`));
    });
  }

  /** The first line whose `msg` is one of these. Rejects when the process ends before, or after `timeoutMs`. */
  async line(messages: readonly string[], timeoutMs: number): Promise<Record<string, unknown>> {
    const endMs = performance.now() + timeoutMs;
    for (;;) {
      const found = this.#lines.find((line) => messages.includes(String(line.msg)));
      if (found !== undefined) return found;
      const leftMs = endMs - performance.now();
      if (this.#end !== undefined) throw new Error(`a process ${this.#end}; ${this.#errors.trim().split('\n', 1)[0]}`);
      if (leftMs <= 0) throw new Error(`a process did not answer within ${timeoutMs / 1000} s`);
      await this.#change(leftMs);
    }
  }

  /** Resolves when the process is gone. One that ignores the signal is killed. */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    if (this.#end !== undefined) return;
    this.#process.kill(signal);
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), stopTimeoutMs);
    await this.exited;
    clearTimeout(timer);
  }

  /** Kills without waiting. */
  drop(): void {
    if (this.#end === undefined) this.#process.kill('SIGKILL');
  }

  #received(line: string): void {
    if (!line.startsWith('{')) return;
    try {
      this.#lines.push(JSON.parse(line) as Record<string, unknown>);
    } catch {
      // A line cut off by the end of its process says nothing; the end itself is reported.
      return;
    }
    this.#wake();
  }

  #change(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** Arguments that run a module beside this one, built or as TypeScript, whichever this one is. */
function script(module: string): string[] {
  const isSource = import.meta.url.endsWith('.ts');
  const path = fileURLToPath(new URL(`${module}.${isSource ? 'ts' : 'js'}`, import.meta.url));
  return isSource ? ['--import', createRequire(import.meta.url).resolve('tsx'), path] : [path];
}

/** The first two cores this process may use, when there are two and processes can be pinned. */
function pinnedCores(): Cores {
  const [server, client] = allowedCores();
  const canPin = client !== undefined && runs('taskset', ['-c', String(client), 'true']);
  return canPin ? { server, client } : { server: undefined, client: undefined };
}

/**
 * The real `milepost` command as a process of its own: started, waited for until it is ready, ended as the test asks. Everything it
 * starts is on 127.0.0.1 and ends with the test.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Listening } from '../../src/ingest/ports.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const entry = `${root}dist/src/main.js`;

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function start(args: readonly string[], env: Readonly<Record<string, string>>): ChildProcess {
  if (!existsSync(entry)) throw new Error('run `npm run build` first: these tests drive the built command');
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('MILEPOST_'));
  return spawn(process.execPath, [entry, ...args], {
    cwd: root,
    env: { ...Object.fromEntries(inherited), ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}

/** Runs a command to its end. */
export async function run(
  args: readonly string[],
  options: { readonly input?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<Finished> {
  const child = start(args, options.env ?? {});
  const output = collect(child);
  child.stdin?.end(options.input ?? '');
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...output };
}

function collect(child: ChildProcess): { stdout: string; stderr: string } {
  const output = { stdout: '', stderr: '' };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output.stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    output.stderr += text;
  });
  return output;
}

/** A gateway that is up. */
export class GatewayProcess {
  readonly #child: ChildProcess;
  readonly #output: { readonly stdout: string; readonly stderr: string };
  readonly listening: readonly Listening[];

  private constructor(
    child: ChildProcess,
    output: { stdout: string; stderr: string },
    listening: readonly Listening[],
  ) {
    this.#child = child;
    this.#output = output;
    this.listening = listening;
  }

  /** Starts `milepost serve` and resolves at its `ready` line. Rejects when it ends before. */
  static async serve(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<GatewayProcess> {
    const child = start(['serve', ...args], env);
    const output = collect(child);
    return new Promise((resolve, reject) => {
      child.stdout?.on('data', () => {
        const ready = linesOf(output.stdout).find((line) => line.msg === 'ready');
        if (ready !== undefined) resolve(new GatewayProcess(child, output, ready.listening as Listening[]));
      });
      child.once('close', (code) => reject(new Error(`ended with ${code}: ${output.stdout}${output.stderr}`)));
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  port(protocol: string, transport: 'tcp' | 'udp' = 'tcp'): number {
    const found = this.listening.find((each) => each.protocol === protocol && each.transport === transport);
    if (found === undefined) throw new Error(`${protocol} does not listen`);
    return found.port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port('http')}`;
  }

  /** Log lines so far. */
  get log(): readonly Record<string, unknown>[] {
    return linesOf(this.#output.stdout);
  }

  /** Sends a signal and resolves with the exit code, null when the signal itself ended it. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return this.#child.exitCode;
    const closed = once(this.#child, 'close');
    this.#child.kill(signal);
    const [code] = (await closed) as [number | null];
    return code;
  }
}

function linesOf(text: string): Record<string, unknown>[] {
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  return whole
    .split('\n')
    .flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as Record<string, unknown>] : []));
}

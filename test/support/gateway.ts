/**
 * A gateway in the process of the test, with any engine and clock, and scripts as processes of their own. Whatever a test starts ends
 * with the test.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import { type App, type AppDeps, startApp } from '../../src/app.js';
import { type ConfigSource, readConfig } from '../../src/config.js';
import type { Listening } from '../../src/ingest/ports.js';
import type { Logger } from '../../src/log.js';

const rootDir = fileURLToPath(new URL('../..', import.meta.url));

export function silentLog(): Logger {
  return pino({ level: 'silent' });
}

/** What a process printed and how it ended. */
export interface RunResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
}

/** Starts an ES module given as text; it may import the sources. */
export function startScript(
  source: string,
  env: Readonly<Record<string, string>> = {},
): ChildProcessByStdio<null, Readable, Readable> {
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', source], {
    cwd: rootDir,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

/** Runs such a module to its end. */
export async function runScript(source: string, env: Readonly<Record<string, string>> = {}): Promise<RunResult> {
  const child = startScript(source, env);
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    output.stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    output.stderr += chunk;
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { ...output, code };
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

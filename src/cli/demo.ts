/**
 * `milepost demo`: the gateway and a small fleet of virtual vehicles of every protocol in one process, with an API key ready to use.
 */
import { Command } from 'commander';
import { behaviors } from '../../simulators/behaviors/registry.js';
import { createFleet, type Fleet } from '../../simulators/fleet.js';
import { type App, startApp } from '../app.js';
import { type Config, readConfig } from '../config.js';
import { ConfigError } from '../errors.js';
import { portNames } from '../ingest/ports.js';
import { createLog } from '../log.js';
import { protocolByName } from '../protocols/registry.js';
import { registerTracker } from '../store/accounts.js';
import { digestOf, newCredential } from '../store/credentials.js';
import type { UserRow } from '../store/rows.js';
import { type CliIo, writeLine } from './io.js';
import { addSettings } from './options.js';
import { stopWithin } from './serve.js';
import { version } from './version.js';

const keyTitle = 'demo';
/** Models whose virtual vehicles have the most to say. */
const demoModels: Readonly<Record<string, string>> = { teltonika: 'telfmb120' };

export function demoCommand(io: CliIo, exit: (code: number) => void): Command {
  return addSettings(new Command('demo'))
    .description('run the gateway with virtual vehicles of every protocol and a ready API key')
    .option('--vehicles <n>', 'how many vehicles drive', '25')
    .option('--interval <seconds>', 'from one record to the next', '2')
    .option('--duration <seconds>', 'end after this time; runs until stopped when left out')
    .action(async (options: Record<string, unknown>) => {
      const config = demoConfig(io, options);
      const log = createLog({ level: config.logLevel, pretty: io.stdout.isTTY === true, destination: 1 });
      const app = await startApp(config, { log, version });
      const key = await createKey(app);
      const fleet = await startFleet(app, options);
      await greet(io, { app, config, key, fleet });
      const seconds = Number(options.duration);
      const over = Number.isFinite(seconds) ? [new Promise((resolve) => setTimeout(resolve, seconds * 1000))] : [];
      await Promise.race([io.stopped, ...over]);
      const report = await fleet.stop(2000);
      await writeLine(io.stdout, `records made ${report.recordsMade}, acknowledged ${report.recordsAcknowledged}`);
      exit(await stopWithin(app, config.drainTimeoutMs, log));
    });
}

/** The settings of `serve`, with a data directory of its own and only what needs attention in the log. */
function demoConfig(io: CliIo, options: Record<string, unknown>): Config {
  const { vehicles, interval } = options;
  const problems: string[] = [];
  if (!/^\d{1,5}$/.test(String(vehicles)))
    problems.push(`--vehicles: expected a number, got ${JSON.stringify(vehicles)}`);
  if (!(Number(interval) > 0)) problems.push(`--interval: expected seconds, got ${JSON.stringify(interval)}`);
  const config = readSettings(io, options, problems);
  const isGiven = (key: string, variable: string) => options[key] !== undefined || io.env[variable] !== undefined;
  return {
    ...config,
    ...(isGiven('dataDir', 'MILEPOST_DATA_DIR') ? {} : { dataDir: './data/demo' }),
    ...(isGiven('logLevel', 'MILEPOST_LOG_LEVEL') ? {} : { logLevel: 'warn' }),
  };
}

/** The settings, if neither they nor the demo's own options have a problem. */
function readSettings(io: CliIo, options: Record<string, unknown>, problems: string[]): Config {
  let config: Config | undefined;
  try {
    config = readConfig(io.env, options, portNames);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    problems.push(...error.problems);
  }
  if (config === undefined || problems.length > 0) throw new ConfigError(problems);
  return config;
}

/** A fresh API key of the administrator's account; the one of an earlier demo goes. */
async function createKey(app: App): Promise<string> {
  const key = newCredential();
  await app.store.change((tx) => {
    const owner = [...tx.registry.all('user')].find((user) => user.operator) as UserRow;
    for (const old of [...tx.registry.all('apiKey')]) {
      if (old.accountId === owner.accountId && old.title === keyTitle) tx.remove('apiKey', old.id);
    }
    tx.put('apiKey', {
      id: tx.nextId('apiKey'),
      accountId: owner.accountId,
      userId: owner.id,
      title: keyTitle,
      digest: digestOf(key),
      prefix: key.slice(0, 4),
      createdAt: tx.at,
    });
  });
  return key;
}

async function startFleet(app: App, options: Record<string, unknown>): Promise<Fleet> {
  const groups = behaviors.flatMap((factory) => {
    const port = app.listening.find((each) => each.protocol === factory.protocol && each.transport === 'tcp');
    return port === undefined
      ? []
      : [{ factory, endpoint: { host: port.host, port: port.port, transport: 'tcp' as const } }];
  });
  const devices = Number(options.vehicles);
  const numbers = Array.from({ length: devices }, (_, n) => n);
  await app.store.change((tx) => {
    for (const n of numbers) {
      const factory = groups[n % groups.length]?.factory;
      if (factory === undefined) continue;
      const deviceId = factory.deviceId(n);
      if (tx.registry.sourceByDeviceId(deviceId) !== undefined) continue;
      const model = demoModels[factory.protocol] ?? protocolByName(factory.protocol)?.defaultModel ?? '';
      registerTracker(tx, { accountId: 1, label: `Van ${n + 1}`, model, deviceId });
    }
  });
  const fleet = createFleet({ groups, devices, intervalMs: Number(options.interval) * 1000, rampPerSecond: 25 });
  fleet.start();
  return fleet;
}

interface Demo {
  readonly app: App;
  readonly config: Config;
  readonly key: string;
  readonly fleet: Fleet;
}

async function greet(io: CliIo, { app, config, key, fleet }: Demo): Promise<void> {
  const http = app.listening.find((each) => each.protocol === 'http');
  const base = `http://${config.httpHost === '0.0.0.0' ? '127.0.0.1' : config.httpHost}:${http?.port}`;
  const [first] = [...app.store.registry.trackersOfAccount(1)];
  const lines = [
    '',
    `Milepost is running with ${fleet.devices.length} virtual vehicles.`,
    '',
    ...app.listening.map(
      ({ protocol, transport, host, port }) => `  ${protocol.padEnd(12)} ${transport}  ${host}:${port}`,
    ),
    '',
    `API key: ${key}`,
    ...(app.generatedPassword === undefined
      ? []
      : [`Administrator: ${config.adminLogin}, password ${app.generatedPassword}`]),
    '',
    'Try:',
    '',
    `  curl '${base}/tracker/list?hash=${key}'`,
    `  curl -H 'Authorization: NVX ${key}' '${base}/tracker/get_state?tracker_id=${first?.id ?? 1}'`,
    `  curl -X POST '${base}/tracker/get_diagnostics' -H 'Content-Type: application/json' -d '{"hash":"${key}","tracker_id":${first?.id ?? 1}}'`,
    '',
    'Ctrl-C ends it.',
    '',
  ];
  for (const line of lines) await writeLine(io.stdout, line);
}

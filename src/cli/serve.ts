/**
 * `milepost serve`: the gateway, until it is told to stop.
 */
import { Command } from 'commander';
import { type App, startApp } from '../app.js';
import { type Config, readConfig } from '../config.js';
import { portNames } from '../ingest/ports.js';
import { createLog, type Logger } from '../log.js';
import { type CliIo, ExitCode } from './io.js';
import { addSettings } from './options.js';
import { version } from './version.js';

export function serveCommand(io: CliIo, exit: (code: number) => void): Command {
  return addSettings(new Command('serve'))
    .description('run the gateway')
    .action(async (options: Record<string, unknown>) => {
      const config = readConfig(io.env, options, portNames);
      const log = createLog({ level: config.logLevel, pretty: io.stdout.isTTY === true, destination: 1 });
      const app = await startApp(config, { log, version, env: io.env });
      announce(app, config, log);
      await io.stopped;
      exit(await stopWithin(app, config.drainTimeoutMs, log));
    });
}

/** The lines other programs wait for: printed at every log level. */
function announce(app: App, config: Config, log: Logger): void {
  const always = log.child({}, { level: 'info' });
  if (config.ephemeral) always.warn('ephemeral: nothing is kept on disk');
  if (app.generatedPassword !== undefined) {
    always.info({ login: config.adminLogin, firstPassword: app.generatedPassword }, 'first administrator created');
  }
  always.info({ listening: app.listening }, 'ready');
}

/** Stops the gateway; a stop that takes longer is given up, which loses nothing that was acknowledged. */
export async function stopWithin(app: App, timeoutMs: number, log: Logger): Promise<number> {
  log.info('stopping');
  const late = new Promise<'late'>((resolve) => setTimeout(resolve, timeoutMs, 'late').unref());
  const outcome = await Promise.race([app.stop(), late]);
  if (outcome !== 'late') return ExitCode.good;
  log.error({ timeoutMs }, 'the stop took too long');
  return ExitCode.failed;
}

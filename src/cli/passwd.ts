/**
 * `milepost passwd`: a new password for a user, in the data directory of a gateway that is not running.
 */
import { existsSync } from 'node:fs';
import { Command } from 'commander';
import { journalPath, openStore } from '../app.js';
import { readConfig } from '../config.js';
import { createLog } from '../log.js';
import { setPassword } from '../store/accounts.js';
import { hashPassword, newPassword } from '../store/credentials.js';
import { type CliIo, linesOf, UsageError, writeLine } from './io.js';
import { addSettings } from './options.js';

export function passwdCommand(io: CliIo): Command {
  return addSettings(new Command('passwd'), (setting) => setting.key === 'dataDir')
    .description('set a new password; the gateway must not be running')
    .argument('[login]', 'user; the administrator when left out')
    .option('--stdin', 'read the password from standard input; otherwise one is made and printed')
    .action(async (login: string | undefined, options: { stdin?: boolean; dataDir?: string }) => {
      const config = readConfig(io.env, options.dataDir === undefined ? {} : { dataDir: options.dataDir });
      if (!existsSync(journalPath(config.dataDir))) throw new UsageError(`no journal in ${config.dataDir}`);
      const password = options.stdin === true ? await firstLine(io) : newPassword();
      const opened = await openStore(config, { log: createLog({ level: 'warn', pretty: false, destination: 2 }) });
      try {
        const wanted = login ?? config.adminLogin;
        const user = opened.store.registry.userByLogin(wanted);
        if (user === undefined) throw new UsageError(`no such user: ${wanted}`);
        const passwordHash = await hashPassword(password);
        await opened.store.change((tx) => setPassword(tx, user, passwordHash));
        await writeLine(
          io.stdout,
          options.stdin === true ? `password of ${wanted} set` : `password of ${wanted}: ${password}`,
        );
      } finally {
        await opened.close();
      }
    });
}

const maxPasswordLength = 40;

async function firstLine(io: CliIo): Promise<string> {
  for await (const line of linesOf(io.stdin)) {
    if (line.length > maxPasswordLength) throw new UsageError(`a password has at most ${maxPasswordLength} characters`);
    return line;
  }
  throw new UsageError('no password on standard input');
}

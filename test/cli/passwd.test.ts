/** A new password for a user of a gateway that is not running. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { openStore } from '../../src/app.js';
import { UsageError } from '../../src/cli/io.js';
import { passwdCommand } from '../../src/cli/passwd.js';
import { readConfig } from '../../src/config.js';
import { createAdministrator } from '../../src/store/accounts.js';
import { isPassword } from '../../src/store/credentials.js';
import { tempDir } from '../support/temp-dir.js';

async function run(input: string, ...args: string[]): Promise<string> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const io = { env: {}, stdin: Readable.from([input]), stdout, stderr, stopped: new Promise<void>(() => {}) };
  await passwdCommand(io).exitOverride().parseAsync(args, { from: 'user' });
  return String(stdout.read() ?? '');
}

const open = (dataDir: string) => openStore(readConfig({}, { dataDir }), { log: pino({ level: 'silent' }) });

test('the password read from standard input holds from then on', async () => {
  const dataDir = tempDir();
  const opened = await open(dataDir);
  await opened.store.change((tx) => createAdministrator(tx, { login: 'admin', passwordHash: 'none' }));
  await opened.close();
  expect(await run('open-sesame\n', '--data-dir', dataDir, '--stdin')).toBe('password of admin set\n');
  const again = await open(dataDir);
  const stored = again.store.registry.userByLogin('admin')?.password ?? '';
  await again.close();
  expect(await isPassword('open-sesame', stored)).toBe(true);
});

test('a directory without a journal is a wrong directory, and is left alone', async () => {
  const dataDir = join(tempDir(), 'mistyped');
  await expect(run('', '--data-dir', dataDir)).rejects.toThrow(UsageError);
  expect(existsSync(dataDir)).toBe(false);
});

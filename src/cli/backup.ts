/**
 * `milepost backup` and `milepost restore`: a copy of a data directory, of a running gateway too, and back again.
 */
import { existsSync } from 'node:fs';
import { Command, Option } from 'commander';
import { ConfigError, StoreError } from '../errors.js';
import { backUpDataDir, restore } from '../store/backup.js';
import { DataDirLock } from '../store/data-dir-lock.js';
import { makeDirectory } from '../store/directories.js';
import { type CliIo, UsageError, writeLine } from './io.js';

interface BackupOptions {
  readonly dataDir: string;
}

interface RestoreOptions extends BackupOptions {
  readonly force?: boolean;
}

/** Where the journal of a data directory is. */
type JournalPath = (dataDir: string) => string;

const dataDirOption = () =>
  new Option('--data-dir <dir>', 'directory of the journal').env('MILEPOST_DATA_DIR').default('./data');

export function backupCommand(io: CliIo, journalPath: JournalPath): Command {
  return new Command('backup')
    .description('copy the journal as it is at this moment; the gateway may be running')
    .argument('<directory>', 'where the copy is made; it must not exist yet')
    .addOption(dataDirOption())
    .action(async (directory: string, { dataDir }: BackupOptions) => {
      const path = journalPath(dataDir);
      if (!existsSync(path)) throw new UsageError(`no journal in ${dataDir}`);
      const made = await backUpDataDir(path, directory, Date.now());
      await writeLine(io.stdout, `${made.path}: ${made.sizeBytes} bytes`);
    });
}

export function restoreCommand(io: CliIo, journalPath: JournalPath): Command {
  return new Command('restore')
    .description('put a copy in place as the journal of a data directory; the gateway must not be running')
    .argument('<directory>', 'a copy made by `milepost backup`')
    .addOption(dataDirOption())
    .option('--force', 'set a journal aside that is there already (it is kept under another name)')
    .action(async (directory: string, { dataDir, force }: RestoreOptions) => {
      const lock = await lockOf(dataDir);
      const path = journalPath(dataDir);
      const aside = `${path}-before-${new Date().toISOString().replace(/[:.]/g, '-')}`;
      try {
        await restore(directory, path, force === true ? aside : undefined);
      } finally {
        lock.release();
      }
      await writeLine(io.stdout, `${dataDir}: restored from ${directory}`);
    });
}

/** Holds a data directory, which is made where there is none. Throws `ConfigError`, and `StoreError` `data_dir_locked`. */
async function lockOf(dataDir: string): Promise<DataDirLock> {
  try {
    makeDirectory(dataDir);
    return await DataDirLock.acquire(dataDir);
  } catch (error) {
    throw error instanceof StoreError ? error : new ConfigError([`data-dir: ${(error as Error).message}`]);
  }
}

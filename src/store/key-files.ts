/**
 * Keys that the gateway makes for itself, one file each in the directory `keys` of the data directory, for its own user only. A key that
 * was returned once is on disk and never replaced.
 */
import { closeSync, existsSync, fsyncSync, openSync, readdirSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { StoreError } from '../errors.js';
import { makeDirectory } from './directories.js';

export interface KeyFiles {
  /** The text of a key; undefined where there is none. Throws `StoreError` `key_unreadable`. */
  read(name: string): string | undefined;
  /** Keeps a key. Throws `StoreError` `store_write`. */
  write(name: string, text: string): void;
}

const unfinishedEnd = '.unfinished';

/** Where the keys of a data directory, or of a copy, are. */
export function keysPath(dataDir: string): string {
  return join(dataDir, 'keys');
}

/** Keys on disk. The directory is made with the first one. */
export function keyDirectory(path: string): KeyFiles {
  return {
    read(name) {
      try {
        return readFileSync(join(path, name), 'utf8');
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw new StoreError('key_unreadable', { at: name, cause });
      }
    },
    write(name, text) {
      try {
        makeDirectory(path);
        const unfinished = join(path, `${name}${unfinishedEnd}`);
        writeAndSync(unfinished, text);
        renameSync(unfinished, join(path, name));
        syncDirectory(path);
        syncDirectory(dirname(path));
      } catch (cause) {
        throw new StoreError('store_write', { at: name, cause });
      }
    },
  };
}

/** Keys that are gone with the process. */
export function keysInMemory(): KeyFiles {
  const keys = new Map<string, string>();
  return { read: (name) => keys.get(name), write: (name, text) => void keys.set(name, text) };
}

/** Copies all keys; there may be none. */
export function copyKeys(from: string, to: string): void {
  for (const name of namesIn(from)) keyDirectory(to).write(name, readFileSync(join(from, name), 'utf8'));
}

/** Whether two directories hold the same keys. */
export function isSameKeys(left: string, right: string): boolean {
  const contents = [left, right].map((path) =>
    namesIn(path).map((name) => [name, readFileSync(join(path, name), 'utf8')]),
  );
  return isDeepStrictEqual(contents[0], contents[1]);
}

function namesIn(path: string): string[] {
  const names = existsSync(path) ? readdirSync(path) : [];
  return names.filter((name) => !name.endsWith(unfinishedEnd)).sort();
}

function writeAndSync(path: string, text: string): void {
  const file = openSync(path, 'w', 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function syncDirectory(path: string): void {
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

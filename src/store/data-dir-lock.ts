/**
 * One gateway a data directory, by a lock that dies with its process: a socket in the directory that the owner listens on. A file that
 * nobody answers on is left over from a process that is gone, and is taken over.
 *
 * The directory is entered through a descriptor (`/proc/self/fd/N`), since the path of a socket may have no more than 107 bytes.
 */
import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, linkSync, openSync, renameSync, rmSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { StoreError } from '../errors.js';

const lockName = 'lock';

/** Holds the lock until `release`. Throws `StoreError` `data_dir_locked`. */
export class DataDirLock {
  readonly #server: Server;
  readonly #path: string;

  private constructor(server: Server, path: string) {
    this.#server = server;
    this.#path = path;
  }

  static async acquire(dataDir: string): Promise<DataDirLock> {
    const path = join(dataDir, lockName);
    const ownName = `${lockName}.${randomUUID()}`;
    const server = await listen(dataDir, ownName);
    try {
      for (let attempt = 0; attempt < 5; attempt++) {
        if (tryLink(join(dataDir, ownName), path)) return new DataDirLock(server, path);
        if (await answers(dataDir, lockName)) throw new StoreError('data_dir_locked', { at: dataDir });
        await removeStale(dataDir, path);
      }
      throw new StoreError('data_dir_locked', { at: dataDir });
    } catch (error) {
      server.close();
      throw error;
    } finally {
      rmSync(join(dataDir, ownName), { force: true });
    }
  }

  release(): void {
    rmSync(this.#path, { force: true });
    this.#server.close();
  }
}

/** Linking is atomic: of two that try, one fails. */
function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Moves a dead lock away; should it have come alive meanwhile, it is put back. */
async function removeStale(dataDir: string, path: string): Promise<void> {
  const staleName = `${lockName}.stale.${randomUUID()}`;
  try {
    renameSync(path, join(dataDir, staleName));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if (await answers(dataDir, staleName)) tryLink(join(dataDir, staleName), path);
  rmSync(join(dataDir, staleName), { force: true });
}

function listen(dataDir: string, name: string): Promise<Server> {
  rmSync(join(dataDir, name), { force: true });
  const { path, done } = shortPath(dataDir, name);
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error) => {
      done();
      reject(error);
    });
    server.listen(path, () => {
      done();
      server.unref();
      resolve(server);
    });
  });
}

function answers(dataDir: string, name: string): Promise<boolean> {
  const { path, done } = shortPath(dataDir, name);
  return new Promise((resolve) => {
    const socket = connect(path);
    const settle = (isAlive: boolean) => {
      done();
      socket.destroy();
      resolve(isAlive);
    };
    socket.once('connect', () => settle(true));
    socket.once('error', () => settle(false));
  });
}

function shortPath(dataDir: string, name: string): { path: string; done: () => void } {
  const whole = join(dataDir, name);
  if (!existsSync('/proc/self/fd')) return { path: whole, done: () => {} };
  const descriptor = openSync(dataDir, 'r');
  return { path: `/proc/self/fd/${descriptor}/${name}`, done: () => closeSync(descriptor) };
}

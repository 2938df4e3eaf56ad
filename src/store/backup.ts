/**
 * Copies of the journal. A copy is one moment of it, taken while the gateway runs or not: everything that was acknowledged before is in
 * it. A copy is a directory of its own: `backup.json` says what it is, `journal` and `keys` are what a data directory has under these
 * names. Without its keys the secrets in a journal could not be read.
 */
import { cpSync, existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { StoreError } from '../errors.js';
import { makeDirectory } from './directories.js';
import { valueVersion } from './entries.js';
import { copyKeys, isSameKeys, keysPath } from './key-files.js';
import { LmdbEngine } from './lmdb-engine.js';
import { versionOf } from './recovery.js';

const manifestName = 'backup.json';
const journalName = 'journal';

interface Manifest {
  readonly product: 'milepost';
  /** Of the data directory. */
  readonly version: number;
  /** ISO 8601. */
  readonly createdAt: string;
}

export interface Backup {
  readonly path: string;
  readonly sizeBytes: number;
}

/**
 * Copies the journal of an engine, and the keys of its data directory, to a directory, which is made. Throws `StoreError`
 * `backup_exists` where there is something already, and `store_write`.
 */
export async function backUp(engine: LmdbEngine, dataDir: string, directory: string, at: number): Promise<Backup> {
  if (existsSync(directory)) throw new StoreError('backup_exists', { at: directory });
  const unfinished = `${directory}.unfinished`;
  try {
    rmSync(unfinished, { recursive: true, force: true });
    makeDirectory(join(unfinished, journalName));
    await engine.copyTo(join(unfinished, journalName));
    // A key is there before the first secret that needs it, so copied after the journal it is never missing.
    copyKeys(keysPath(dataDir), keysPath(unfinished));
    const manifest: Manifest = { product: 'milepost', version: valueVersion, createdAt: new Date(at).toISOString() };
    writeFileSync(join(unfinished, manifestName), `${JSON.stringify(manifest)}\n`);
    renameSync(unfinished, directory);
  } catch (cause) {
    rmSync(unfinished, { recursive: true, force: true });
    throw new StoreError('store_write', { at: directory, cause });
  }
  return { path: directory, sizeBytes: statSync(join(directory, journalName, 'data.mdb')).size };
}

/** Copies the journal of a data directory, beside a running gateway too. Throws `StoreError`. */
export async function backUpDataDir(journalPath: string, directory: string, at: number): Promise<Backup> {
  const engine = new LmdbEngine({ path: journalPath, readOnly: true });
  try {
    requireVersion(engine, journalPath);
    return await backUp(engine, dirname(journalPath), directory, at);
  } finally {
    await engine.close();
  }
}

/**
 * Puts a copy in the place of a data directory's journal, and its keys with it. The caller holds the lock of the directory. An existing
 * journal, and keys that are others, are refused, or kept beside the new ones where `keepOldAs` names the journal. Throws `StoreError` `backup_invalid`, `store_version` and `journal_exists`.
 */
export async function restore(directory: string, journalPath: string, keepOldAs?: string): Promise<void> {
  const copy = join(directory, journalName);
  const manifest = readManifest(directory);
  if (!existsSync(join(copy, 'data.mdb'))) throw new StoreError('backup_invalid', { at: directory });
  if (manifest.version !== valueVersion) {
    throw new StoreError('store_version', { at: directory, expected: valueVersion, got: manifest.version });
  }
  if (existsSync(journalPath) && keepOldAs === undefined) throw new StoreError('journal_exists', { at: journalPath });
  const keys = keysPath(dirname(journalPath));
  const hasOtherKeys = existsSync(keysPath(directory)) && existsSync(keys) && !isSameKeys(keysPath(directory), keys);
  if (hasOtherKeys && keepOldAs === undefined) throw new StoreError('journal_exists', { at: keys });
  const unfinished = `${journalPath}-unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  makeDirectory(unfinished);
  cpSync(join(copy, 'data.mdb'), join(unfinished, 'data.mdb'));
  await checkCopy(unfinished);
  if (existsSync(journalPath) && keepOldAs !== undefined) renameSync(journalPath, keepOldAs);
  if (hasOtherKeys) renameSync(keys, `${keepOldAs}-keys`);
  copyKeys(keysPath(directory), keys);
  renameSync(unfinished, journalPath);
}

async function checkCopy(path: string): Promise<void> {
  const engine = new LmdbEngine({ path, readOnly: true });
  try {
    requireVersion(engine, path);
  } finally {
    await engine.close();
  }
}

function requireVersion(engine: LmdbEngine, at: string): void {
  const version = versionOf(engine);
  if (version !== valueVersion)
    throw new StoreError('store_version', { at, expected: valueVersion, got: version ?? 'none' });
}

function readManifest(directory: string): Manifest {
  try {
    const manifest = JSON.parse(readFileSync(join(directory, manifestName), 'utf8')) as Partial<Manifest>;
    if (manifest.product === 'milepost' && typeof manifest.version === 'number') return manifest as Manifest;
  } catch (cause) {
    throw new StoreError('backup_invalid', { at: directory, cause });
  }
  throw new StoreError('backup_invalid', { at: directory });
}

/** Copies of a data directory carry its keys: without them the secrets in the journal could not be read. */
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { backUp, restore } from '../../src/store/backup.js';
import { keyDirectory, keysPath } from '../../src/store/key-files.js';
import { LmdbEngine } from '../../src/store/lmdb-engine.js';
import { SecretBox } from '../../src/store/secret-box.js';
import { tempDir } from '../support/temp-dir.js';
import { Rig } from './rig.js';

const boxOf = (dataDir: string) => new SecretBox(keyDirectory(keysPath(dataDir)));

/** A data directory with a sealed secret, and a copy of it. */
async function copied(): Promise<{ dataDir: string; copy: string; sealed: string }> {
  const dataDir = tempDir();
  const copy = join(tempDir(), 'copy');
  const engine = new LmdbEngine({ path: join(dataDir, 'journal') });
  const rig = await Rig.open({ engine });
  const sealed = boxOf(dataDir).seal('secret');
  await rig.register('h1');
  await backUp(engine, dataDir, copy, 0);
  await rig.store.close();
  return { dataDir, copy, sealed };
}

test('a copy is put in place with its keys, for its user only', async () => {
  const { copy, sealed } = await copied();
  expect(statSync(join(keysPath(copy), 'secrets.key')).mode & 0o777).toBe(0o600);
  const other = tempDir();
  await restore(copy, join(other, 'journal'));
  expect(boxOf(other).open(sealed)).toBe('secret');
  expect(statSync(join(keysPath(other), 'secrets.key')).mode & 0o777).toBe(0o600);
});

test('keys that are others are refused, or kept aside', async () => {
  const { copy, sealed } = await copied();
  const other = tempDir();
  const theirs = boxOf(other).seal('theirs');
  await expect(restore(copy, join(other, 'journal'))).rejects.toMatchObject({ code: 'journal_exists' });
  expect(boxOf(other).open(theirs)).toBe('theirs');
  await restore(copy, join(other, 'journal'), join(other, 'journal-before'));
  expect(boxOf(other).open(sealed)).toBe('secret');
  expect(new SecretBox(keyDirectory(join(other, 'journal-before-keys'))).open(theirs)).toBe('theirs');
});

test('the same keys are no hindrance, and a copy without keys takes none away', async () => {
  const { dataDir, copy, sealed } = await copied();
  await restore(copy, join(dataDir, 'journal'), join(dataDir, 'journal-before'));
  expect(readdirSync(dataDir).sort()).toEqual(['journal', 'journal-before', 'keys']);
  expect(boxOf(dataDir).open(sealed)).toBe('secret');

  const bare = tempDir();
  const engine = new LmdbEngine({ path: join(bare, 'journal') });
  const rig = await Rig.open({ engine });
  await rig.register('h1');
  await backUp(engine, bare, join(bare, 'copy'), 0);
  await rig.store.close();
  expect(existsSync(keysPath(join(bare, 'copy')))).toBe(false);
  await restore(join(bare, 'copy'), join(dataDir, 'journal'), join(dataDir, 'again'));
  expect(boxOf(dataDir).open(sealed)).toBe('secret');
});

test('what a crash left unfinished is copied nowhere', async () => {
  const { dataDir } = await copied();
  writeFileSync(join(keysPath(dataDir), 'secrets.key.unfinished'), 'x');
  const engine = new LmdbEngine({ path: join(dataDir, 'journal') });
  const copy = join(tempDir(), 'copy');
  await backUp(engine, dataDir, copy, 0);
  await engine.close();
  expect(readdirSync(keysPath(copy))).toEqual(['secrets.key']);
});

test('what cannot be made is an error, also where the file system only says that it is not there', async () => {
  const { dataDir, copy } = await copied();
  await expect(restore(copy, '/proc/milepost/journal')).rejects.toMatchObject({ code: 'ENOENT' });
  const engine = new LmdbEngine({ path: join(dataDir, 'journal'), readOnly: true });
  await expect(backUp(engine, dataDir, '/proc/milepost/copy', 0)).rejects.toMatchObject({ code: 'store_write' });
  await engine.close();
  expect(() => boxOf('/proc/milepost').seal('secret')).toThrow(expect.objectContaining({ code: 'store_write' }));
});

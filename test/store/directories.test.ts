import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeDirectory } from '../../src/store/directories.js';
import { tempDir } from '../support/temp-dir.js';

test('a directory is made with what leads to it, for its owner only', () => {
  const dir = join(tempDir(), 'a', 'b');
  makeDirectory(dir);
  makeDirectory(dir);
  expect([statSync(dir).mode & 0o777, statSync(join(dir, '..')).mode & 0o777]).toEqual([0o700, 0o700]);
});

test('one that cannot be made is an error, also where the file system only says that it is not there', () => {
  const file = join(tempDir(), 'file');
  writeFileSync(file, '');
  for (const path of [file, join(file, 'below'), '/proc/milepost/data']) expect(() => makeDirectory(path)).toThrow();
});

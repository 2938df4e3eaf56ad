import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { DataDirLock } from '../../src/store/data-dir-lock.js';
import { startScript } from '../support/gateway.js';
import { tempDir } from '../support/temp-dir.js';
import { within } from '../support/until.js';

const lockModule = new URL('../../src/store/data-dir-lock.ts', import.meta.url).pathname;

const attempt = (dir: string) =>
  DataDirLock.acquire(dir).then(
    (lock) => {
      lock.release();
      return 'free';
    },
    (error: { code?: string; message?: string }) => `${error.code}: ${error.message}`,
  );

/** A process that holds the lock until it is killed. */
async function holder(dir: string): Promise<{ kill: () => Promise<void> }> {
  const script = `
    import { DataDirLock } from ${JSON.stringify(lockModule)};
    await DataDirLock.acquire(${JSON.stringify(dir)});
    console.log('held');
    setInterval(() => {}, 1000);`;
  const child = startScript(script);
  await within(new Promise((resolve) => child.stdout.once('data', resolve)), 'the lock');
  return {
    kill: () =>
      new Promise((resolve) => {
        child.once('close', () => resolve());
        child.kill('SIGKILL');
      }),
  };
}

test('a second one is refused and told which directory it is', async () => {
  const dir = tempDir();
  const lock = await DataDirLock.acquire(dir);
  expect(await attempt(dir)).toMatch(/^data_dir_locked: .*milepost-test-/);
  lock.release();
  expect(await attempt(dir)).toBe('free');
});

test('another process is refused, and kill -9 leaves the directory free', async () => {
  const dir = tempDir();
  const process = await holder(dir);
  expect(await attempt(dir)).toContain('data_dir_locked');
  await process.kill();
  expect(await attempt(dir)).toBe('free');
});

test('of many at once exactly one gets it, fresh or over a lock that is left behind', async () => {
  const dir = tempDir();
  await (await holder(dir)).kill();
  for (let round = 0; round < 2; round++) {
    const script = `
      import { DataDirLock } from ${JSON.stringify(lockModule)};
      await DataDirLock.acquire(${JSON.stringify(dir)}).then(() => console.log('held'), (error) => console.log(error.code));
      setInterval(() => {}, 1000);`;
    const children = [1, 2, 3].map(() => startScript(script));
    const words = await Promise.all(
      children.map(
        (child) => new Promise<string>((resolve) => child.stdout.once('data', (text) => resolve(String(text).trim()))),
      ),
    );
    expect(words.sort()).toEqual(['data_dir_locked', 'data_dir_locked', 'held']);
    await Promise.all(
      children.map((child) => new Promise((resolve) => child.once('close', resolve) && child.kill('SIGKILL'))),
    );
  }
});

test('a file that is no lock at all is taken over', async () => {
  const dir = tempDir();
  writeFileSync(join(dir, 'lock'), 'left behind');
  expect(await attempt(dir)).toBe('free');
});

test('nothing is left in the directory, and other files stay', async () => {
  const dir = tempDir();
  writeFileSync(join(dir, 'other'), '');
  const lock = await DataDirLock.acquire(dir);
  expect(readdirSync(dir).sort()).toEqual(['lock', 'other']);
  expect(statSync(join(dir, 'lock')).isSocket()).toBe(true);
  lock.release();
  expect(readdirSync(dir)).toEqual(['other']);
});

test('a directory with a long path can be locked too', async () => {
  const dir = join(tempDir(), 'a'.repeat(200), 'b'.repeat(200));
  mkdirSync(dir, { recursive: true });
  const lock = await DataDirLock.acquire(dir);
  expect(await attempt(dir)).toContain('data_dir_locked');
  lock.release();
});

test('a directory that does not exist is an error, not a hang', async () => {
  expect(await attempt(join(tempDir(), 'none'))).toContain('ENOENT');
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  digestOf,
  Gate,
  hashPassword,
  isPassword,
  isSameSecret,
  newCredential,
  newPassword,
} from '../../src/store/credentials.js';

describe('passwords', () => {
  test('are recognised by their hash, and by no other', async () => {
    const hash = await hashPassword('correct-horse');
    expect(hash).toMatch(/^scrypt\$32768\$8\$1\$[\w-]{22}\$[\w-]{43}$/);
    expect(await isPassword('correct-horse', hash)).toBe(true);
    for (const wrong of ['', 'correct-horsf', 'Correct-horse', 'correct-horse '])
      expect(await isPassword(wrong, hash)).toBe(false);
  });

  test('have a salt each', async () => {
    expect(await hashPassword('x')).not.toBe(await hashPassword('x'));
  });

  test('a stored text that is no hash fits none, and costs nothing', async () => {
    const long = 2 ** 30;
    for (const stored of [
      '',
      'none',
      'scrypt',
      'scrypt$1$1$1$$',
      'scrypt$3$8$1$AA$AA',
      `scrypt$${long}$8$1$AA$AA`,
      'scrypt$x$y$z$AA$AA',
      'scrypt$32768$8$1$AA$',
    ]) {
      expect(await isPassword('', stored), stored).toBe(false);
    }
  });

  test('an administrator’s can be typed and is short enough to log in with', () => {
    expect(newPassword()).toMatch(/^[\w-]{20}$/);
  });
});

describe('credentials', () => {
  test('are 32 hexadecimal digits, never the same', () => {
    const made = new Set(Array.from({ length: 1000 }, newCredential));
    expect(made.size).toBe(1000);
    for (const each of made) expect(each).toMatch(/^[0-9a-f]{32}$/);
  });

  test('are kept as SHA-256', () => {
    expect(digestOf('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });

  test('are the same when they are equal', () => {
    fc.assert(fc.property(fc.string(), fc.string(), (left, right) => isSameSecret(left, right) === (left === right)));
    expect(isSameSecret('a', 'a')).toBe(true);
  });
});

describe('Gate', () => {
  test('runs a few at a time, in order, and all of them', async () => {
    const gate = new Gate(2, 10);
    let running = 0;
    let most = 0;
    const order: number[] = [];
    const work = (i: number) =>
      gate.run(async () => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setImmediate(resolve));
        order.push(i);
        running--;
        if (i === 3) throw new Error('3');
        return i;
      });
    const results = await Promise.allSettled([0, 1, 2, 3, 4, 5, 6].map(work));
    expect(results.map(({ status }) => status)).toEqual([
      ...Array(3).fill('fulfilled'),
      'rejected',
      ...Array(3).fill('fulfilled'),
    ]);
    expect([most, order]).toEqual([2, [0, 1, 2, 3, 4, 5, 6]]);
    expect(gate.isFull).toBe(false);
  });

  test('is full when nobody else may wait', async () => {
    const gate = new Gate(1, 1);
    const runs: Promise<void>[] = [];
    const states = [gate.isFull];
    for (let i = 0; i < 2; i++) {
      runs.push(gate.run(async () => undefined));
      states.push(gate.isFull);
    }
    await Promise.all(runs);
    expect([...states, gate.isFull]).toEqual([false, false, true, false]);
  });
});

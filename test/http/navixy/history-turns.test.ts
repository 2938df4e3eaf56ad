import { describe, expect, test } from 'vitest';
import { HistoryTurns } from '../../../src/http/navixy/history-turns.js';

/** Reads that end when they are told to, and which of them have begun. */
class Reads {
  readonly begun: string[] = [];
  readonly #ends = new Map<string, { resolve: () => void; reject: (reason: Error) => void }>();
  readonly #turns: HistoryTurns;

  constructor(turns: HistoryTurns) {
    this.#turns = turns;
  }

  async start(accountId: number, name: string): Promise<unknown> {
    const outcome = this.#turns.take(accountId, () => {
      this.begun.push(name);
      return new Promise<void>((resolve, reject) => this.#ends.set(name, { resolve, reject }));
    });
    const told = outcome.catch((error: { code?: number; message: string }) => error.code ?? error.message);
    return Promise.race([told, new Promise((resolve) => setImmediate(() => resolve('open')))]);
  }

  async end(name: string, error?: Error): Promise<void> {
    if (error === undefined) this.#ends.get(name)?.resolve();
    else this.#ends.get(name)?.reject(error);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const limits = { running: 3, runningPerAccount: 2, waiting: 3, waitingPerAccount: 2 };

describe('reads of the past', () => {
  test('run two at a time for an account, and the others in the order in which they came', async () => {
    const reads = new Reads(new HistoryTurns(limits));
    for (const name of ['a', 'b', 'c', 'd']) expect(await reads.start(1, name)).toBe('open');
    expect(reads.begun).toEqual(['a', 'b']);
    await reads.end('b');
    expect(reads.begun).toEqual(['a', 'b', 'c']);
    await reads.end('a');
    await reads.end('c');
    expect(reads.begun).toEqual(['a', 'b', 'c', 'd']);
  });

  test('one account does not stand in the way of another', async () => {
    const reads = new Reads(new HistoryTurns(limits));
    for (const name of ['a', 'b', 'c']) await reads.start(1, name);
    await reads.start(2, 'other');
    await reads.start(2, 'later');
    expect(reads.begun).toEqual(['a', 'b', 'other']);
    await reads.end('other');
    expect(reads.begun).toEqual(['a', 'b', 'other', 'later']);
    await reads.end('a');
    expect(reads.begun).toEqual(['a', 'b', 'other', 'later', 'c']);
  });

  test('too many that wait are refused with code 15, of an account and of all', async () => {
    const reads = new Reads(new HistoryTurns(limits));
    for (const name of ['a', 'b', 'c', 'd']) await reads.start(1, name);
    expect(await reads.start(1, 'e')).toBe(15);
    for (const name of ['x', 'y']) expect(await reads.start(2, name)).toBe('open');
    expect(await reads.start(2, 'z')).toBe(15);
    await reads.end('a');
    expect(await reads.start(1, 'f')).toBe('open');
    expect(reads.begun).toEqual(['a', 'b', 'x', 'c']);
  });

  test('one that fails gives its turn back', async () => {
    const reads = new Reads(new HistoryTurns({ ...limits, runningPerAccount: 1 }));
    await reads.start(1, 'a');
    await reads.start(1, 'b');
    await reads.end('a', new Error('damaged'));
    expect(reads.begun).toEqual(['a', 'b']);
    await reads.end('b');
    await reads.start(1, 'c');
    expect(reads.begun).toEqual(['a', 'b', 'c']);
  });
});

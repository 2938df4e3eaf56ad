/**
 * Who may look through the past, and when: reads that go through many records of the journal are few at a time, for one account and for
 * all. The others wait for their turn, in the order in which they came, and those that would be too many are refused.
 */
import { NavixyError } from './errors.js';

export interface TurnLimits {
  /** Reads at a time, of all accounts and of one. */
  readonly running: number;
  readonly runningPerAccount: number;
  /** Reads that wait, of all accounts and of one. */
  readonly waiting: number;
  readonly waitingPerAccount: number;
}

export const defaultTurnLimits: TurnLimits = { running: 4, runningPerAccount: 2, waiting: 256, waitingPerAccount: 32 };

interface Waiting {
  readonly accountId: number;
  readonly go: () => void;
}

export class HistoryTurns {
  readonly #limits: TurnLimits;
  /** Reads under way by account. */
  readonly #running = new Map<number, number>();
  #runningCount = 0;
  readonly #waiting: Waiting[] = [];

  constructor(limits: TurnLimits = defaultTurnLimits) {
    this.#limits = limits;
  }

  /** Does the work of an account when it is its turn. Throws code 15 when too much of it waits already. */
  async take<T>(accountId: number, work: () => Promise<T>): Promise<T> {
    if (this.#isFree(accountId)) this.#enter(accountId);
    else await this.#wait(accountId);
    try {
      return await work();
    } finally {
      this.#leave(accountId);
    }
  }

  #isFree(accountId: number): boolean {
    const mine = this.#running.get(accountId) ?? 0;
    return mine < this.#limits.runningPerAccount && this.#runningCount < this.#limits.running;
  }

  #enter(accountId: number): void {
    this.#running.set(accountId, (this.#running.get(accountId) ?? 0) + 1);
    this.#runningCount++;
  }

  #wait(accountId: number): Promise<void> {
    const mine = this.#waiting.filter((each) => each.accountId === accountId).length;
    const isFull = mine >= this.#limits.waitingPerAccount || this.#waiting.length >= this.#limits.waiting;
    if (isFull) throw new NavixyError(15);
    return new Promise((go) => this.#waiting.push({ accountId, go }));
  }

  /** The turn is handed on at once, so that nobody who comes later is in front of those who wait. */
  #leave(accountId: number): void {
    const left = (this.#running.get(accountId) ?? 1) - 1;
    if (left === 0) this.#running.delete(accountId);
    else this.#running.set(accountId, left);
    this.#runningCount--;
    const next = this.#waiting.findIndex((each) => this.#isFree(each.accountId));
    const [waiting] = next < 0 ? [] : this.#waiting.splice(next, 1);
    if (waiting === undefined) return;
    this.#enter(waiting.accountId);
    waiting.go();
  }
}

/**
 * The guard in front of passwords: how many wrong ones may come from one address, in all and for one login, and how many may be checked
 * at a time. Counts are kept in bounded memory and forgotten after a while; nothing of it survives a restart.
 */
import type { Clock } from '../../clock.js';
import { Gate, hashPassword, isPassword } from '../../store/credentials.js';

export interface LoginLimits {
  /** Wrong passwords for one login from one address within the window. */
  readonly failuresPerLogin: number;
  /** Wrong passwords from one address within the window. */
  readonly failuresPerAddress: number;
  readonly windowMs: number;
  /** Live sessions of one user. */
  readonly sessionsPerUser: number;
}

export const defaultLoginLimits: LoginLimits = {
  failuresPerLogin: 10,
  failuresPerAddress: 100,
  windowMs: 5 * 60_000,
  sessionsPerUser: 1000,
};

interface Failures {
  count: number;
  readonly startedAt: number;
}

/** Keys remembered; beyond it the oldest is forgotten. */
const maxKeys = 20_000;
/** Hashing takes a core for a while: the rest of the thread pool stays free for the journal. */
const hashesAtOnce = 2;
const maxWaiting = 256;

export class Logins {
  readonly limits: LoginLimits;
  readonly #clock: Clock;
  readonly #gate = new Gate(hashesAtOnce, maxWaiting);
  readonly #failures = new Map<string, Failures>();
  #decoy: Promise<string> | undefined;

  constructor(clock: Clock, limits: LoginLimits = defaultLoginLimits) {
    this.#clock = clock;
    this.limits = limits;
  }

  /**
   * Checks a password against its hash. `stored` is undefined for a login that does not exist: that takes as long. `throttled` when too
   * many wrong ones came before, or too many are waiting.
   */
  async check(login: string, address: string, password: string, stored: string | undefined): Promise<LoginResult> {
    if (this.#gate.isFull) return 'throttled';
    return this.#gate.run(async () => {
      const loginKey = `${address} ${login.toLowerCase()}`;
      if (this.#isOver(loginKey, this.limits.failuresPerLogin)) return 'throttled';
      if (this.#isOver(address, this.limits.failuresPerAddress)) return 'throttled';
      const isRight = await isPassword(password, stored ?? (await this.#decoyHash()));
      if (isRight && stored !== undefined) {
        this.#failures.delete(loginKey);
        return 'right';
      }
      this.#count(loginKey);
      this.#count(address);
      return 'wrong';
    });
  }

  #decoyHash(): Promise<string> {
    this.#decoy ??= hashPassword('no such login');
    return this.#decoy;
  }

  #isOver(key: string, limit: number): boolean {
    const failures = this.#current(key);
    return failures !== undefined && failures.count >= limit;
  }

  #count(key: string): void {
    const failures = this.#current(key);
    if (failures !== undefined) {
      failures.count++;
      return;
    }
    const [oldest] = this.#failures.keys();
    if (this.#failures.size >= maxKeys && oldest !== undefined) this.#failures.delete(oldest);
    this.#failures.set(key, { count: 1, startedAt: this.#clock.monotonicMs() });
  }

  #current(key: string): Failures | undefined {
    const failures = this.#failures.get(key);
    if (failures === undefined || this.#clock.monotonicMs() - failures.startedAt < this.limits.windowMs)
      return failures;
    this.#failures.delete(key);
    return undefined;
  }
}

export type LoginResult = 'right' | 'wrong' | 'throttled';

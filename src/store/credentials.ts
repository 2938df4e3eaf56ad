/**
 * Secrets at rest: passwords as scrypt hashes, sessions and API keys as SHA-256 digests. Nothing here keeps a secret or compares one in
 * a time that depends on it.
 */
import { createHash, hash, randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';

/** Length of a session hash or an API key: lower-case hexadecimal digits. */
export const credentialLength = 32;

const cost = { N: 2 ** 15, r: 8, p: 1 } as const;
const saltBytes = 16;
const keyBytes = 32;
/** What one hash may take: a stored cost beyond it is not worked off. */
const maxMemoryBytes = 256 * 1024 * 1024;

/** A new session hash or API key, from the system's generator. */
export function newCredential(): string {
  return randomBytes(credentialLength / 2).toString('hex');
}

/** What is kept of a session hash or an API key. */
export function digestOf(credential: string): string {
  return hash('sha256', credential, 'hex');
}

/** A password for an administrator who named none: 20 characters, 120 bits. */
export function newPassword(): string {
  return randomBytes(15).toString('base64url');
}

/** Equality of two secrets in a time that tells nothing about them. */
export function isSameSecret(left: string, right: string): boolean {
  const digests = [left, right].map((text) => createHash('sha256').update(text).digest());
  return timingSafeEqual(digests[0] as Buffer, digests[1] as Buffer);
}

/** `scrypt$N$r$p$salt$hash` of a password, salt and hash in base64url. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(saltBytes);
  const key = await derive(password, salt, keyBytes, cost);
  return ['scrypt', cost.N, cost.r, cost.p, salt.toString('base64url'), key.toString('base64url')].join('$');
}

/** Whether `password` is the one behind `stored`. A text that is no hash of ours fits no password. */
export async function isPassword(password: string, stored: string): Promise<boolean> {
  const [scheme, n, r, p, salt, expected] = stored.split('$');
  if (scheme !== 'scrypt' || salt === undefined || expected === undefined) return false;
  const options = { N: Number(n), r: Number(r), p: Number(p) };
  if (!isAffordable(options)) return false;
  const wanted = Buffer.from(expected, 'base64url');
  if (wanted.length === 0) return false;
  return timingSafeEqual(await derive(password, Buffer.from(salt, 'base64url'), wanted.length, options), wanted);
}

function isAffordable({ N, r, p }: { N: number; r: number; p: number }): boolean {
  const isPowerOfTwo = Number.isInteger(Math.log2(N)) && N > 1;
  return (
    isPowerOfTwo && Number.isInteger(r) && Number.isInteger(p) && r > 0 && p > 0 && 256 * N * r * p <= maxMemoryBytes
  );
}

function derive(password: string, salt: Buffer, length: number, options: ScryptOptions): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, length, { ...options, maxmem: maxMemoryBytes }, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}

/** Runs at most a few things at a time and lets a bounded number wait: password hashing must not fill the thread pool. */
export class Gate {
  readonly #limit: number;
  readonly #maxWaiting: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(limit: number, maxWaiting: number) {
    this.#limit = limit;
    this.#maxWaiting = maxWaiting;
  }

  /** True when nobody else may wait. */
  get isFull(): boolean {
    return this.#running >= this.#limit && this.#waiting.length >= this.#maxWaiting;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#limit) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#running++;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }
}

/**
 * Units that were turned away lately, so that "why does my tracker not connect?" has an answer: one entry for each identity (or address,
 * where none was told), protocol and reason. Kept in memory for a bounded number of entries; the one seen longest ago goes first.
 */
import type { Clock } from '../clock.js';
import { type ErrorCode, type MilepostError, SessionError } from '../errors.js';
import type { RefusedUnit, RefusedUnits } from '../store/contract.js';

/** Who was turned away, and why. */
export interface Refusal {
  readonly identity: string | undefined;
  readonly address: string;
  readonly protocol: string | undefined;
  readonly reason: ErrorCode;
}

const defaultMaxEntries = 1000;
const maxIdentityLength = 64;

export class Refusals implements RefusedUnits {
  readonly #clock: Clock;
  readonly #maxEntries: number;
  readonly #entries = new Map<string, RefusedUnit>();

  constructor(clock: Clock, maxEntries = defaultMaxEntries) {
    this.#clock = clock;
    this.#maxEntries = maxEntries;
  }

  note({ identity, address, protocol, reason }: Refusal): void {
    const shown = identity?.slice(0, maxIdentityLength);
    const key = JSON.stringify([shown ?? null, shown === undefined ? address : null, protocol, reason]);
    const known = this.#entries.get(key);
    const now = this.#clock.now();
    this.#entries.delete(key);
    this.#entries.set(key, {
      identity: shown ?? null,
      address,
      protocol: protocol ?? null,
      reason,
      count: (known?.count ?? 0) + 1,
      firstAt: known?.firstAt ?? now,
      lastAt: now,
    });
    const oldest = this.#entries.size > this.#maxEntries ? this.#entries.keys().next().value : undefined;
    if (oldest !== undefined) this.#entries.delete(oldest);
  }

  recent(): readonly RefusedUnit[] {
    return [...this.#entries.values()].reverse();
  }
}

/** Refusals that name the identity they are about. */
const namingCodes: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'unknown_unit',
  'unclaimed_unit',
  'blocked_unit',
  'wrong_protocol',
  'wrong_password',
  'bad_identity',
]);

/** The identity a unit gave itself when it was refused for it. */
export function identityOf(error: MilepostError): string | undefined {
  const { got } = error.facts;
  return error instanceof SessionError && namingCodes.has(error.code) && got !== undefined ? String(got) : undefined;
}

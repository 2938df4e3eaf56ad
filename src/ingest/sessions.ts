/**
 * All live sessions: which unit is connected where, how many connections there are in all and from each address, and one coarse ticker
 * that ends those which have been silent for too long (thousands of timers cost more than a look at each session now and then).
 */
import type { Clock, Timer } from '../clock.js';
import type { LinkListener, UnitLink, UnitLinks } from '../downlink/unit-link.js';
import type { ErrorCode } from '../errors.js';
import type { LiveUnits } from '../store/contract.js';

/** What the registry needs of a session. */
export interface LiveSession extends UnitLink {
  readonly address: string;
  /** Reads no more; what is owed still goes out. */
  drain(): void;
  /** Ends the session. */
  close(code: ErrorCode): void;
  /** Looks whether a timeout has passed. */
  tick(nowMs: number): void;
}

export interface ConnectionLimits {
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
}

const tickMs = 1000;

export class Sessions implements LiveUnits, UnitLinks {
  readonly #limits: ConnectionLimits;
  readonly #all = new Set<LiveSession>();
  readonly #byAddress = new Map<string, number>();
  readonly #bySource = new Map<number, LiveSession>();
  /** Sources that were last heard from by datagram: they have no connection to lose. */
  readonly #byDatagram = new Set<number>();
  readonly #timer: Timer;
  #listener: LinkListener | undefined;

  constructor(limits: ConnectionLimits, clock: Clock) {
    this.#limits = limits;
    this.#timer = clock.every(tickMs, () => {
      const nowMs = clock.monotonicMs();
      for (const session of this.#all) session.tick(nowMs);
    });
  }

  get count(): number {
    return this.#all.size;
  }

  /** Whether one more connection from this address is admitted; otherwise why not. */
  admits(address: string): ErrorCode | undefined {
    if (this.#all.size >= this.#limits.maxConnections) return 'connection_limit';
    const fromAddress = this.#byAddress.get(address) ?? 0;
    return fromAddress >= this.#limits.maxConnectionsPerAddress ? 'address_limit' : undefined;
  }

  add(session: LiveSession): void {
    this.#all.add(session);
    this.#byAddress.set(session.address, (this.#byAddress.get(session.address) ?? 0) + 1);
  }

  remove(session: LiveSession, sourceId: number | undefined): void {
    if (!this.#all.delete(session)) return;
    const left = (this.#byAddress.get(session.address) ?? 1) - 1;
    if (left > 0) this.#byAddress.set(session.address, left);
    else this.#byAddress.delete(session.address);
    if (sourceId !== undefined) this.unbind(session, sourceId);
  }

  /** Makes `session` the one of this source; an older one is closed as replaced. */
  bind(session: LiveSession, sourceId: number): void {
    const older = this.#bySource.get(sourceId);
    this.#byDatagram.delete(sourceId);
    this.#bySource.set(sourceId, session);
    if (older !== undefined && older !== session) older.close('replaced');
    this.#listener?.linked(sourceId, session);
  }

  /** The session no longer speaks for this source. */
  unbind(session: LiveSession, sourceId: number): void {
    if (this.#bySource.get(sourceId) !== session) return;
    this.#bySource.delete(sourceId);
    this.#listener?.unlinked(sourceId, session);
  }

  /** The unit behind `session` looks at commands from now on. */
  ready(session: LiveSession, sourceId: number): void {
    if (this.#bySource.get(sourceId) === session) this.#listener?.ready(sourceId, session);
  }

  /** Who is told of units that come and go. */
  listen(listener: LinkListener): void {
    this.#listener = listener;
  }

  /** A datagram of this source came. */
  noteDatagram(sourceId: number): void {
    this.#byDatagram.add(sourceId);
  }

  isConnected(sourceId: number): boolean {
    return this.#bySource.has(sourceId) || this.#byDatagram.has(sourceId);
  }

  hasSession(sourceId: number): boolean {
    return this.#bySource.has(sourceId);
  }

  disconnect(sourceId: number, code: ErrorCode): void {
    this.#byDatagram.delete(sourceId);
    this.#bySource.get(sourceId)?.close(code);
  }

  linkOf(sourceId: number): UnitLink | undefined {
    return this.#bySource.get(sourceId);
  }

  drainAll(): void {
    for (const session of this.#all) session.drain();
  }

  closeAll(code: ErrorCode): void {
    for (const session of [...this.#all]) session.close(code);
  }

  stop(): void {
    this.#timer.cancel();
  }
}

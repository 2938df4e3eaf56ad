/**
 * One connection of a client. What it is sent waits in a bounded buffer: whoever makes events asks first whether there is room, and is
 * told when there is again. The handshake and heartbeats of the Atmosphere framework are sent only to clients that asked for them.
 */
import { randomUUID } from 'node:crypto';
import type { WebSocket } from '@fastify/websocket';
import type { Clock, Timer } from '../../../clock.js';
import type { LiveLimits } from './limits.js';
import { Outflow } from './outflow.js';
import type { Subscriber } from './subscriber.js';

/** Why the gateway ends a connection. */
export type CutReason = 'slow_reader' | 'idle_timeout' | 'shutdown';

/** Close codes. Source: RFC 6455, section 7.4.1. */
const closeCodes: Readonly<Record<CutReason, number>> = { slow_reader: 1008, idle_timeout: 1000, shutdown: 1001 };

const heartbeatMs = 30_000;
const heartbeat = 'X';

export interface LiveSocketOptions {
  readonly limits: LiveLimits;
  readonly clock: Clock;
  /** Where the client is. */
  readonly address: string;
  /** The client speaks the Atmosphere protocol. */
  readonly isAtmosphere: boolean;
}

export class LiveSocket {
  readonly address: string;
  /** By credential. */
  readonly subscribers = new Map<string, Subscriber>();
  readonly outflow: Outflow;
  readonly #socket: WebSocket;
  readonly #limits: LiveLimits;
  readonly #clock: Clock;
  readonly #beat: Timer | undefined;
  #idleSinceMs: number;

  constructor(socket: WebSocket, { limits, clock, address, isAtmosphere }: LiveSocketOptions) {
    this.#socket = socket;
    this.#limits = limits;
    this.#clock = clock;
    this.address = address;
    this.outflow = new Outflow({ limits, clock, bufferedBytes: () => socket.bufferedAmount });
    this.#idleSinceMs = clock.monotonicMs();
    if (!isAtmosphere) return;
    this.send(`${randomUUID()}|${heartbeatMs}|${heartbeat}|`);
    this.#beat = clock.every(heartbeatMs, () => this.answer(heartbeat));
  }

  /** Whether a message is no more than a sign of life. */
  static isHeartbeat(text: string): boolean {
    return text === heartbeat;
  }

  get isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }

  send(text: string): void {
    if (!this.isOpen) return;
    this.outflow.sending();
    this.#socket.send(text, () => this.outflow.moved());
  }

  /** Sends what cannot wait. A client that leaves even this unread is cut off. */
  answer(text: string): void {
    if (this.outflow.isOverfull) this.cut('slow_reader');
    else this.send(text);
  }

  /** Why the connection has to end now, if it has. */
  get fault(): CutReason | undefined {
    if (this.outflow.isStalled) return 'slow_reader';
    const nowMs = this.#clock.monotonicMs();
    if (this.subscribers.size > 0) this.#idleSinceMs = nowMs;
    return nowMs - this.#idleSinceMs >= this.#limits.liveIdleTimeoutMs ? 'idle_timeout' : undefined;
  }

  /** Says goodbye; who does not read would not hear it. */
  cut(reason: CutReason): void {
    if (reason === 'slow_reader') this.terminate();
    else this.#socket.close(closeCodes[reason], reason);
  }

  terminate(): void {
    this.#socket.terminate();
  }

  /** Called once the connection has ended. */
  release(): void {
    this.#beat?.cancel();
    this.outflow.release();
  }
}

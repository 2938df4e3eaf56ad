/**
 * One connection of a client. What it is sent waits in a bounded buffer: whoever makes events asks first whether there is room, and is
 * told when there is again. The handshake and heartbeats of the Atmosphere framework are sent only to clients that asked for them.
 */
import { randomUUID } from 'node:crypto';
import type { WebSocket } from '@fastify/websocket';
import type { Clock, Timer } from '../../../clock.js';
import type { LiveLimits } from './limits.js';
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
  readonly #socket: WebSocket;
  readonly #limits: LiveLimits;
  readonly #clock: Clock;
  readonly #beat: Timer | undefined;
  readonly #waiting: (() => void)[] = [];
  /** When something was last taken by the client; when the first of what waits was sent. */
  #movedMs: number;
  #idleSinceMs: number;

  constructor(socket: WebSocket, { limits, clock, address, isAtmosphere }: LiveSocketOptions) {
    this.#socket = socket;
    this.#limits = limits;
    this.#clock = clock;
    this.address = address;
    this.#movedMs = clock.monotonicMs();
    this.#idleSinceMs = this.#movedMs;
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

  get bufferedBytes(): number {
    return this.#socket.bufferedAmount;
  }

  /** No more is to be made for this client until it has taken some of what waits. */
  get isFull(): boolean {
    return this.#socket.bufferedAmount >= this.#limits.liveSendBufferMaxBytes;
  }

  /** Calls `go` once when there is room. */
  whenRoom(go: () => void): void {
    this.#waiting.push(go);
  }

  send(text: string): void {
    if (!this.isOpen) return;
    if (this.#socket.bufferedAmount === 0) this.#movedMs = this.#clock.monotonicMs();
    this.#socket.send(text, () => this.#moved());
  }

  /** Sends what cannot wait. A client that leaves even this unread is cut off. */
  answer(text: string): void {
    if (this.#socket.bufferedAmount >= 2 * this.#limits.liveSendBufferMaxBytes) this.cut('slow_reader');
    else this.send(text);
  }

  /** Why the connection has to end now, if it has. */
  get fault(): CutReason | undefined {
    const nowMs = this.#clock.monotonicMs();
    const isStalled = this.#socket.bufferedAmount > 0 && nowMs - this.#movedMs >= this.#limits.liveStallTimeoutMs;
    if (isStalled) return 'slow_reader';
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
    this.#waiting.length = 0;
  }

  #moved(): void {
    this.#movedMs = this.#clock.monotonicMs();
    if (this.isFull) return;
    for (const go of this.#waiting.splice(0)) go();
  }
}

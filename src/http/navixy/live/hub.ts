/**
 * Live events: takes connections, reads what clients send, and lets subscriptions follow the store. Whatever clients do, connections,
 * subscriptions and what waits to be sent are bounded, and a failure in here never reaches the store.
 */
import type { WebSocket } from '@fastify/websocket';
import type { Timer } from '../../../clock.js';
import type { Logger } from '../../../log.js';
import type { StoreChanges } from '../../../store/contract.js';
import type { Credential, Services } from '../call.js';
import { requireCredential, touch } from '../credential.js';
import { toNavixyError } from '../errors.js';
import type { RequestData } from '../request-data.js';
import { Audience } from './audience.js';
import { Changes } from './changes.js';
import { errorFrame, responseFrame } from './frames.js';
import type { LiveLimits } from './limits.js';
import { LiveSocket } from './live-socket.js';
import { Subscriptions } from './subscriptions.js';
import { type Action, actionOf, type EventType, parseMessage, readWishes, typesIn, wantsIso } from './wishes.js';

/** A message counts as a request. Both throw code 15. */
export interface Gate {
  limitAddress(from: { readonly ip: string }): void;
  /** The owner of a credential; undefined when there is none. */
  admit(hash: unknown, now: number): Credential | undefined;
}

export interface EventHubOptions {
  readonly services: Services;
  readonly changes: StoreChanges;
  readonly limits: LiveLimits;
  readonly log: Logger;
}

/** Who connects. */
export interface Client {
  readonly address: string;
  /** It speaks the Atmosphere protocol. */
  readonly isAtmosphere: boolean;
}

const lookPeriodMs = 1000;
/** Clients have this long to take their leave at a stop, ms. */
const goodbyeMs = 1000;

export class EventHub {
  /** For whoever tells of trackers in another way. */
  readonly audience: Audience;
  readonly #services: Services;
  readonly #limits: LiveLimits;
  readonly #log: Logger;
  readonly #sockets = new Set<LiveSocket>();
  readonly #subscriptions: Subscriptions;
  readonly #removers: readonly (() => void)[];
  #looking: Timer | undefined;
  #isClosing = false;
  #onEmpty: (() => void) | undefined;

  constructor({ services, changes, limits, log }: EventHubOptions) {
    this.#services = services;
    this.#limits = limits;
    this.#log = log;
    this.audience = new Audience(services, (error) => this.#failed(error));
    this.#subscriptions = new Subscriptions(services, limits, this.audience);
    const follow = new Changes(services.store.registry, this.audience);
    this.#removers = [
      changes.onChange((sourceIds) => this.#safely(() => follow.onSources(sourceIds))),
      changes.onRows((rows) => this.#safely(() => follow.onRows(rows))),
    ];
  }

  /** No more connections are taken. */
  get isFull(): boolean {
    return this.#isClosing || this.#sockets.size >= this.#limits.liveMaxSockets;
  }

  get socketCount(): number {
    return this.#sockets.size;
  }

  get subscriptionCount(): number {
    return this.#subscriptions.count;
  }

  /** What waits to be read by all clients. */
  get bufferedBytes(): number {
    let sum = 0;
    for (const socket of this.#sockets) sum += socket.outflow.bufferedBytes;
    return sum;
  }

  open(webSocket: WebSocket, client: Client, gate: Gate): void {
    const { clock } = this.#services;
    const socket = new LiveSocket(webSocket, { limits: this.#limits, clock, ...client });
    this.#sockets.add(socket);
    this.#looking ??= clock.every(lookPeriodMs, () => this.#safely(() => this.#look()));
    webSocket.on('message', (bytes) => this.#receive(socket, String(bytes), gate));
    webSocket.on('close', () => this.#gone(socket));
    if (this.#isClosing) socket.cut('shutdown');
  }

  /** Says goodbye to everybody and waits for a moment until they are gone. */
  async close(): Promise<void> {
    this.#isClosing = true;
    for (const remove of this.#removers) remove();
    this.audience.stop();
    for (const socket of this.#sockets) socket.cut('shutdown');
    await this.#emptyWithin(goodbyeMs);
    for (const socket of this.#sockets) socket.terminate();
  }

  #receive(socket: LiveSocket, text: string, gate: Gate): void {
    if (LiveSocket.isHeartbeat(text)) return;
    let action: Action | undefined;
    let types: readonly EventType[] = [];
    try {
      gate.limitAddress({ ip: socket.address });
      const message = parseMessage(text);
      types = typesIn(message);
      action = actionOf(message);
      socket.answer(this.#answer(socket, action, message, gate));
    } catch (error) {
      const known = toNavixyError(error as Error);
      if (known.code === 6) this.#failed(error);
      socket.answer(errorFrame(action, known, types));
    }
  }

  /** Throws the codes of `NavixyError`. */
  #answer(socket: LiveSocket, action: Action, message: RequestData, gate: Gate): string {
    const { store, clock } = this.#services;
    const now = clock.now();
    const hash = message.get('hash');
    const credential = requireCredential('any', hash, gate.admit(hash, now), store.registry);
    const wishes = readWishes(action, message);
    touch(this.#services, credential, now, (error) => this.#log.warn({ err: error }, 'session use not kept'));
    const standings =
      action === 'subscribe'
        ? this.#subscriptions.subscribe(socket, credential, wantsIso(message), wishes)
        : this.#subscriptions.unsubscribe(socket, credential, wishes);
    return responseFrame(action, standings);
  }

  #look(): void {
    for (const socket of [...this.#sockets]) {
      const reason = socket.isOpen ? socket.fault : undefined;
      if (reason === undefined) continue;
      this.#log.info({ remote: socket.address, reason }, 'subscriber cut');
      socket.cut(reason);
    }
  }

  #gone(socket: LiveSocket): void {
    for (const subscriber of [...socket.subscribers.values()]) this.#subscriptions.drop(subscriber);
    socket.release();
    this.#sockets.delete(socket);
    if (this.#sockets.size > 0) return;
    this.#looking?.cancel();
    this.#looking = undefined;
    this.#onEmpty?.();
  }

  async #emptyWithin(limitMs: number): Promise<void> {
    if (this.#sockets.size === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, limitMs);
      this.#onEmpty = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #safely(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    this.#log.error({ err: error }, 'live events failed');
  }
}

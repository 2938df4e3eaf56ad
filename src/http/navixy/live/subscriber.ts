/**
 * A credential on a WebSocket, with its subscriptions.
 */
import type { Credential, Services } from '../call.js';
import { viewOf } from '../visibility.js';
import type { Follower } from './audience.js';
import type { Feed } from './feed.js';
import { logoutFrame } from './frames.js';
import { Holder } from './holder.js';
import type { LiveSocket } from './live-socket.js';
import type { EventType } from './wishes.js';

/** Subscriptions that come with lifecycle events. */
const lifecycleTypes: readonly EventType[] = ['state', 'state_batch', 'readings_batch'];

export class Subscriber extends Holder implements Follower {
  readonly socket: LiveSocket;
  readonly feeds = new Map<EventType, Feed>();
  readonly #drop: (subscriber: Subscriber) => void;

  /** `drop` ends the subscriptions. */
  constructor(services: Services, socket: LiveSocket, credential: Credential, drop: (subscriber: Subscriber) => void) {
    super(services, socket.address, credential);
    this.socket = socket;
    this.#drop = drop;
  }

  /** Ends the subscriptions with a last event: the credential is good no more. */
  end(): void {
    this.#drop(this);
    this.socket.answer(logoutFrame);
  }

  isAbout(trackerId: number): boolean {
    if (!lifecycleTypes.some((type) => this.feeds.get(type)?.wants(trackerId) === true)) return false;
    const context = this.contextNow(false);
    return context !== undefined && viewOf(context, trackerId) !== undefined;
  }

  tellLifecycle(frame: string): void {
    this.socket.answer(frame);
  }
}

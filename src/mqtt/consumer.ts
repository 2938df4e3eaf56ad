/**
 * Who has connected: a credential on an MQTT connection, with its one feed. It hears no lifecycle events, since its messages show the
 * same: a tracker that is not to be seen any more has an empty state.
 */
import type { Credential, Services } from '../http/navixy/call.js';
import { touch } from '../http/navixy/credential.js';
import type { Audience, Follower } from '../http/navixy/live/audience.js';
import { Holder } from '../http/navixy/live/holder.js';
import { TopicFeed, type TopicFeedOptions } from './topic-feed.js';

export interface ConsumerOptions extends Pick<TopicFeedOptions, 'outflow' | 'send' | 'maxFilters'> {
  readonly services: Services;
  readonly audience: Audience;
  readonly address: string;
  readonly credential: Credential;
  /** The credential is good no more. */
  readonly onEnd: () => void;
}

export class Consumer extends Holder implements Follower {
  readonly feed: TopicFeed;
  readonly feeds: ReadonlyMap<string, TopicFeed>;
  readonly #options: ConsumerOptions;

  constructor(options: ConsumerOptions) {
    super(options.services, options.address, options.credential);
    const { audience, outflow, send, maxFilters } = options;
    this.#options = options;
    this.feed = new TopicFeed({
      outflow,
      send,
      maxFilters,
      contextNow: () => this.contextNow(false),
      told: (tracker) => audience.told(tracker),
    });
    this.feeds = new Map([['state', this.feed]]);
    audience.join(this);
  }

  subscribed(filters: readonly string[]): void {
    for (const filter of filters) this.feed.open(filter);
    this.#options.audience.wake(this.feed);
  }

  /** The session is in use as long as its client shows signs of life. `failed` hears when that could not be kept. */
  touch(failed: (error: unknown) => void): void {
    const context = this.contextNow(false);
    if (context !== undefined) touch(this.#options.services, context.credential, context.now, failed);
  }

  leave(): void {
    this.#options.audience.leave(this);
  }

  end(): void {
    this.#options.onEnd();
  }

  isAbout(): boolean {
    return false;
  }

  tellLifecycle(): void {}
}

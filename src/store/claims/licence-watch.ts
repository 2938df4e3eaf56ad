/**
 * Looks now and then whether the licence of a project has run out, and blocks its devices then.
 */
import type { Clock, Timer } from '../../clock.js';
import type { LiveUnits, RegistryStore } from '../contract.js';
import { areLicencesDue, judgeLicences } from './licences.js';

export interface LicenceWatchOptions {
  readonly store: RegistryStore;
  readonly live: Pick<LiveUnits, 'disconnect'>;
  readonly clock: Clock;
  /** Told when a change could not be kept; the next look tries again. */
  readonly onError: (error: unknown) => void;
}

const periodMs = 10_000;

export class LicenceWatch {
  readonly #options: LicenceWatchOptions;
  #timer: Timer | undefined;

  constructor(options: LicenceWatchOptions) {
    this.#options = options;
  }

  start(): void {
    const look = () => void this.look().catch(this.#options.onError);
    look();
    this.#timer = this.#options.clock.every(periodMs, look);
  }

  stop(): void {
    this.#timer?.cancel();
  }

  /** Puts everything right by the licences as they are now. */
  async look(): Promise<void> {
    const { store, live, clock } = this.#options;
    if (!areLicencesDue(store.registry, clock.now())) return;
    const blocked = await store.change(judgeLicences);
    for (const sourceId of blocked) live.disconnect(sourceId, 'blocked_unit');
  }
}

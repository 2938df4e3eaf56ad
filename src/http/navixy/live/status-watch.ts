/**
 * Notices that a tracker has become another `connection_status` by time alone: no report tells of silence. Trackers that somebody watches
 * are looked at in turn, a few ms at a time.
 */
import type { TrackerRow } from '../../../store/rows.js';
import type { Services } from '../call.js';
import { connectionStatusOf } from '../state-body.js';
import type { ConnectionStatus } from '../status.js';

/** Looking goes on for this long at a time, ms. */
const sliceMs = 4;

interface Sweep {
  readonly rest: Iterator<TrackerRow>;
  readonly seen: Map<number, ConnectionStatus>;
}

export class StatusWatch {
  readonly #services: Services;
  /** By tracker id. */
  #known = new Map<number, ConnectionStatus>();
  #sweep: Sweep | undefined;

  constructor(services: Services) {
    this.#services = services;
  }

  /** Whoever watches the tracker is told its status now. */
  told(tracker: TrackerRow): void {
    const status = this.#statusOf(tracker);
    if (status === undefined) return;
    this.#known.set(tracker.id, status);
    this.#sweep?.seen.set(tracker.id, status);
  }

  /** Looks on where it was left the last time; `changed` hears of each tracker with another status than it was told. */
  look(watched: () => Iterable<TrackerRow>, changed: (tracker: TrackerRow) => void): void {
    const { clock } = this.#services;
    this.#sweep ??= { rest: watched()[Symbol.iterator](), seen: new Map() };
    const { rest, seen } = this.#sweep;
    const endMs = clock.monotonicMs() + sliceMs;
    for (let next = rest.next(); next.done !== true; next = rest.next()) {
      this.#check(next.value, seen, changed);
      if (clock.monotonicMs() >= endMs) return;
    }
    this.#known = seen;
    this.#sweep = undefined;
  }

  #check(tracker: TrackerRow, seen: Map<number, ConnectionStatus>, changed: (tracker: TrackerRow) => void): void {
    const status = this.#statusOf(tracker);
    if (status === undefined) return;
    const known = this.#known.get(tracker.id);
    seen.set(tracker.id, status);
    if (known !== undefined && known !== status) changed(tracker);
  }

  #statusOf(tracker: TrackerRow): ConnectionStatus | undefined {
    const { store, clock } = this.#services;
    const source = store.registry.get('source', tracker.sourceId);
    if (source === undefined) return undefined;
    const view = { tracker, source, state: store.stateOf(source.id) };
    return connectionStatusOf(view, { services: this.#services, now: clock.now() });
  }
}

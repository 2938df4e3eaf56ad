/**
 * `iot_monitor`: the last messages of a few trackers, value by value. They are collected from the moment of the subscription on; the one
 * that is the state then is the first.
 */
import type { UnitState } from '../../../domain/state.js';
import type { FieldValue } from '../../../domain/update.js';
import { dateFormat } from '../dates.js';
import type { TrackerView } from '../visibility.js';
import type { Items } from './contents.js';

/** Messages that are shown of a value. */
const maxMessages = 12;
const utc = dateFormat('UTC', true);

/** A value in one message; null where the message has none. */
interface Entry {
  readonly msg_time: string;
  readonly srv_time: string;
  readonly value: string | null;
}

interface Message {
  readonly msg_time: string;
  readonly srv_time: string;
  readonly values: ReadonlyMap<string, string>;
}

export class IotItems implements Items {
  readonly #monitors = new Map<number, Monitor>();

  observe({ tracker, source, state }: TrackerView): void {
    if (state === undefined) return;
    let monitor = this.#monitors.get(tracker.id);
    if (monitor === undefined || monitor.sourceId !== source.id) {
      monitor = new Monitor(source.id);
      this.#monitors.set(tracker.id, monitor);
    }
    monitor.take(state);
  }

  itemOf(view: TrackerView): string | undefined {
    this.observe(view);
    return this.#monitors.get(view.tracker.id)?.json(view.tracker.id);
  }
}

/** What was collected of one unit. */
class Monitor {
  readonly sourceId: number;
  /** Newest first, here and below. */
  readonly #messages: Message[] = [];
  readonly #nonNull = new Map<string, Entry[]>();
  /** When each value was sampled last. */
  readonly #times = new Map<string, number>();

  constructor(sourceId: number) {
    this.sourceId = sourceId;
  }

  /** Whatever has a new time since the last look came with one message. */
  take(state: UnitState): void {
    const values = new Map<string, string>();
    let newestAt = 0;
    for (const [name, value, at] of valuesOf(state)) {
      if (this.#times.get(name) === at) continue;
      this.#times.set(name, at);
      values.set(name, textOf(value));
      newestAt = Math.max(newestAt, at);
    }
    if (values.size === 0) return;
    const times = { msg_time: utc.format(newestAt), srv_time: utc.format(state.heardAt) };
    keepNewest(this.#messages, { ...times, values });
    for (const [name, value] of values) {
      const entries = this.#nonNull.get(name) ?? [];
      keepNewest(entries, { ...times, value });
      this.#nonNull.set(name, entries);
    }
  }

  json(trackerId: number): string {
    const all: Record<string, Entry[]> = Object.create(null);
    for (const name of this.#nonNull.keys()) {
      all[name] = this.#messages.map(({ msg_time, srv_time, values }) => {
        return { msg_time, srv_time, value: values.get(name) ?? null };
      });
    }
    return JSON.stringify({
      tracker_id: trackerId,
      nonnull_fields: Object.fromEntries(this.#nonNull),
      all_fields: all,
    });
  }
}

function keepNewest<T>(list: T[], item: T): void {
  list.unshift(item);
  if (list.length > maxMessages) list.pop();
}

function* valuesOf(state: UnitState): Generator<readonly [name: string, value: FieldValue, at: number]> {
  const { fields, fixAt, lat, lng } = state;
  if (lat !== null && lng !== null) {
    yield ['lat', lat, fixAt];
    yield ['lng', lng, fixAt];
    yield ['speed', Math.round(state.speedKmh), fixAt];
    yield ['heading', Math.round(state.headingDeg), fixAt];
    yield ['alt', Math.round(state.altitudeM), fixAt];
  }
  if (state.satellites >= 0) yield ['satellites', state.satellites, state.positionAt];
  for (let slot = 0; slot < fields.size; slot++) {
    yield [fields.names[slot] as string, fields.valueAt(slot), fields.timeAt(slot)];
  }
}

function textOf(value: FieldValue): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

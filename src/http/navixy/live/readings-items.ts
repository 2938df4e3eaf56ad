/**
 * `readings_batch`: what `tracker/readings/batch_list` answers, of which only those parts are sent that differ from what this subscription
 * was sent before.
 */
import type { CallContext } from '../call.js';
import { type ReadingsFilter, readingsBody } from '../readings-body.js';
import type { TrackerView } from '../visibility.js';
import type { Items } from './contents.js';
import type { Wish } from './wishes.js';

export class ReadingsItems implements Items {
  readonly #filter: ReadingsFilter;
  /** Of each tracker, digests of the parts that were sent last. */
  readonly #sent = new Map<number, ReadonlySet<number>>();

  constructor({ sensorType, includeComponents }: Pick<Wish, 'sensorType' | 'includeComponents'>) {
    this.#filter = { sensorType, withComponents: includeComponents };
  }

  itemOf(view: TrackerView, context: CallContext): string | undefined {
    const { id } = view.tracker;
    const before = this.#sent.get(id);
    const now = new Set<number>();
    const lists: string[] = [];
    let hasNew = before === undefined;
    for (const [name, parts] of Object.entries(readingsBody(context, view, this.#filter))) {
      const texts = newParts(parts, before, now);
      if (texts.length > 0) hasNew = true;
      lists.push(`"${name}":[${texts.join()}]`);
    }
    this.#sent.set(id, now);
    return hasNew ? `"${id}":{${lists.join()}}` : undefined;
  }
}

/** Texts of the parts that are not among those sent `before`; adds the digests of all to `now`. */
function newParts(parts: readonly object[], before: ReadonlySet<number> | undefined, now: Set<number>): string[] {
  const texts: string[] = [];
  for (const part of parts) {
    const text = JSON.stringify(part);
    const digest = digestOf(text);
    now.add(digest);
    if (before?.has(digest) !== true) texts.push(text);
  }
  return texts;
}

/** 52 bits are enough to tell parts of one tracker apart, and far smaller than the texts. Two rounds of FNV-1a. */
function digestOf(text: string): number {
  let low = 0x811c9dc5;
  let high = 0x01000193;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    low = Math.imul(low ^ code, 0x01000193);
    high = Math.imul(high ^ (code + i), 0x01000193);
  }
  return (low >>> 0) + ((high >>> 12) & 0xfffff) * 2 ** 32;
}

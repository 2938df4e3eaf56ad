/**
 * The tree of topics, `trackers/<tracker_id>/state`, and which part of it a topic filter means.
 * Source: MQTT 3.1.1, section 4.7.
 */

const root = 'trackers';
const leaf = 'state';
const idForm = /^[1-9]\d{0,14}$/;

/** Trackers that a filter means: one, or all. */
export type Matched = number | 'all';

export function stateTopicOf(trackerId: number): string {
  return `${root}/${trackerId}/${leaf}`;
}

/** Undefined for a filter that can match no topic there is, malformed ones among them. */
export function trackersMatching(filter: string): Matched | undefined {
  const levels = filter.split('/');
  const end = levels.indexOf('#');
  // It has to be the last, and stands for the level above it too: `trackers/7/state/#` is the state of 7.
  if (end >= 0 && end !== levels.length - 1) return undefined;
  const named = end < 0 ? levels : levels.slice(0, end);
  if (named.length > 3 || (end < 0 && named.length !== 3)) return undefined;
  const [top = '+', id = '+', last = '+'] = named;
  if ((top !== '+' && top !== root) || (last !== '+' && last !== leaf)) return undefined;
  if (id === '+') return 'all';
  return idForm.test(id) ? Number(id) : undefined;
}

/**
 * Spans of time as raw data take them: two dates, or an ISO 8601 interval (`start/end`, `start/duration`, `duration/end`).
 */
import { Type } from '@sinclair/typebox';
import { Interval } from 'luxon';
import { parseDate, type Span } from '../date-params.js';
import { checked, readBy } from '../params.js';

const longestInterval = 128;
const intervalProblem = 'must be an ISO 8601 interval';

/** Both ends of the span belong to it, and the end of an interval does not. */
function parseInterval(text: string, zoneName: string): Span | undefined {
  if (text.length > longestInterval) return undefined;
  const { start, end } = Interval.fromISO(text, { zone: zoneName });
  return start === null || end === null ? undefined : { fromMs: start.toMillis(), toMs: end.toMillis() - 1 };
}

export const intervalParam = checked(
  Type.String({ description: '`2026-01-01T00:00:00Z/PT24H`, instead of `from` and `to`' }),
  (text) => (parseInterval(text, 'UTC') === undefined ? intervalProblem : undefined),
);

/** A span as it was given. */
export type GivenSpan = { readonly interval: string } | { readonly from: string; readonly to: string };

const spanProblem = 'must be an ISO 8601 interval, or have `from` and `to`, or `interval`';

/** An interval as text, or an object with `interval` or with `from` and `to`. */
export const spanParam = readBy(
  Type.Unsafe<GivenSpan>({
    type: ['string', 'object'],
    description: 'Span of the times of receipt: an ISO 8601 interval, `{interval}` or `{from, to}`',
  }),
  (value) => {
    const span = typeof value === 'string' ? spanOfText(value) : spanOfObject(value);
    if (span === undefined || resolved(span, 'UTC') === undefined) return { problem: spanProblem };
    return { value: span };
  },
);

function spanOfText(text: string): GivenSpan | undefined {
  if (!text.trimStart().startsWith('{')) return { interval: text };
  try {
    return spanOfObject(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function spanOfObject(value: unknown): GivenSpan | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { interval, from, to } = value as Readonly<Record<string, unknown>>;
  if (typeof interval === 'string') return { interval };
  return typeof from === 'string' && typeof to === 'string' ? { from, to } : undefined;
}

/** The span in the user's zone; undefined for what is none, or ends before it begins. */
export function resolved(given: GivenSpan, zoneName: string): Span | undefined {
  if ('interval' in given) return parseInterval(given.interval, zoneName);
  const fromMs = parseDate(given.from, zoneName);
  const toMs = parseDate(given.to, zoneName);
  return fromMs === undefined || toMs === undefined || fromMs > toMs ? undefined : { fromMs, toMs };
}

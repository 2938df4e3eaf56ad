/**
 * What a record's own time is worth. Records are never re-dated in the journal; this decides only under which time, if any, a record
 * becomes state. It depends on nothing but the record and its receipt, so that a replay judges alike.
 */

export interface TimeRules {
  /** A record may be this far ahead of its receipt and still become state, ms. */
  readonly futureToleranceMs: number;
  /** A record older than this at its receipt is history only, ms. */
  readonly pastLimitMs: number;
}

export const defaultTimeRules: TimeRules = { futureToleranceMs: 10 * 60_000, pastLimitMs: 365 * 86_400_000 };

/**
 * GPS counts weeks in ten bits: receivers with old firmware fall back by 1024 weeks.
 * Source: IS-GPS-200, 20.3.3.3.1.1 (transmission week number); the 90 days' margin is ours.
 */
const rolloverMs = 1024 * 7 * 86_400_000;
const rolloverMarginMs = 90 * 86_400_000;
const gpsEpochMs = Date.UTC(1980, 0, 6);

/** Clocks that were never set start here, and run for at most a day before a fix sets them. */
const unsetClockStarts = [Date.UTC(1980, 0, 6), Date.UTC(2000, 0, 1), Date.UTC(2004, 0, 1)];
const dayMs = 86_400_000;
const lastUnsetMs = Date.UTC(2004, 0, 1) + dayMs;
const earliestMs = Date.UTC(2000, 0, 1);

/** The time to file a record under, or why it does not become state. */
export type TimeVerdict = number | 'future' | 'ancient';

export function judgeTime(at: number, receivedAt: number, rules: TimeRules = defaultTimeRules): TimeVerdict {
  if (at < lastUnsetMs && unsetClockStarts.some((start) => at >= start && at < start + dayMs)) return 'ancient';
  const corrected = undoRollover(at, receivedAt);
  if (corrected > receivedAt + rules.futureToleranceMs) return 'future';
  if (corrected < earliestMs || corrected < receivedAt - rules.pastLimitMs) return 'ancient';
  return corrected;
}

/** A time of a receiver whose count of weeks has run over, put right; any other as it is. */
export function undoRollover(at: number, receivedAt: number): number {
  let corrected = at;
  while (corrected > gpsEpochMs && receivedAt - corrected > rolloverMs - rolloverMarginMs) corrected += rolloverMs;
  return corrected;
}

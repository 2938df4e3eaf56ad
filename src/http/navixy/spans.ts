/**
 * How long a span of time a call may look back over.
 */
import { DateTime } from 'luxon';
import type { CallContext } from './call.js';
import type { Span } from './date-params.js';
import { NavixyError } from './errors.js';

/** Days are those of the user's calendar, so that a month is one wherever the clocks change. Throws code 211. */
export function limitSpan({ dates }: Pick<CallContext, 'dates'>, { fromMs, toMs }: Span, days: number): void {
  const latest = DateTime.fromMillis(fromMs, { zone: dates.zoneName }).plus({ days });
  if (toMs > latest.toMillis()) throw new NavixyError(211);
}

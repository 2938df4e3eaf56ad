/**
 * Dates as parameters: `yyyy-MM-dd HH:mm:ss` in the user's zone, or ISO 8601 with an offset, whatever form answers are asked for in.
 */
import { Type } from '@sinclair/typebox';
import { DateTime } from 'luxon';
import type { CallContext } from './call.js';
import type { Violation } from './errors.js';
import { invalidParameters } from './errors.js';
import { checked } from './params.js';

const plain = /^(\d{4})-(\d{2})-(\d{2})[ T](\d{2}):(\d{2}):(\d{2})$/;
const iso = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})$/;
const dateProblem = 'must be a date and time, `yyyy-MM-dd HH:mm:ss` or ISO 8601';

/** A date with time, as a parameter. */
export function dateParam(description: string) {
  const form = 'yyyy-MM-dd HH:mm:ss in the user’s zone, or ISO 8601';
  return checked(Type.String({ description: `${description}; ${form}` }), (text) =>
    parseDate(text, 'UTC') === undefined ? dateProblem : undefined,
  );
}

/**
 * ms since 1970 UTC, or undefined for what is no date. A local time that a change of the clocks skips is moved forward; of one that it
 * repeats the first is taken.
 */
export function parseDate(text: string, zoneName: string): number | undefined {
  if (iso.test(text)) {
    const parsed = DateTime.fromISO(text, { zone: 'utc' });
    return parsed.isValid ? parsed.toMillis() : undefined;
  }
  const parts = plain.exec(text)?.slice(1).map(Number);
  if (parts === undefined) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts;
  const local = DateTime.fromObject({ year, month, day, hour, minute, second }, { zone: zoneName });
  return local.isValid ? Math.min(...local.getPossibleOffsets().map((each) => each.toMillis())) : undefined;
}

/** A span of time, both ends included. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** The span that two parameters name. Throws code 7 when it ends before it begins. */
export function requireSpan(context: CallContext, params: { readonly from: string; readonly to: string }): Span {
  const fromMs = parseDate(params.from, context.dates.zoneName) ?? 0;
  const toMs = parseDate(params.to, context.dates.zoneName) ?? 0;
  if (fromMs <= toMs) return { fromMs, toMs };
  throw invalidParameters([endBeforeBegin]);
}

const endBeforeBegin: Violation = { parameter: 'to', error: 'must not be before `from`' };

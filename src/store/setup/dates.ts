/**
 * Days and moments in setup files.
 */

/** Ms since 1970 UTC; not a number for what the calendar does not have, which `Date.parse` takes for a day of the next month. */
export function utcMs(text: string): number {
  const at = Date.parse(text);
  return Number.isNaN(at) || new Date(at).toISOString().slice(0, 10) !== text.slice(0, 10) ? Number.NaN : at;
}

/**
 * Dates of the Navixy dialect: stored as ms UTC, shown in the user's time zone, either `yyyy-MM-dd HH:mm:ss` or ISO 8601 with offset.
 * Answers hold thousands of dates, so offsets are asked of the zone database once per quarter of an hour and the rest is arithmetic.
 */
import { IANAZone } from 'luxon';

/** Since 2012 every zone has changed its offset on a quarter of an hour, UTC; St. John's was the last that did not. */
const slotMs = 15 * 60_000;
const slotsSinceMs = Date.UTC(2012, 0, 1);
const maxSlots = 4096;
/** Texts remembered per formatter: the fields of a unit share few times. A power of two. */
const memoSize = 4096;
const maxFormatters = 64;

const twoDigits = Array.from({ length: 60 }, (_, i) => String(i).padStart(2, '0'));

/** Formats instants (ms since 1970 UTC) for one zone. Fractions of a second are cut off. */
export class DateFormat {
  readonly zoneName: string;
  readonly #zone: IANAZone;
  readonly #iso: boolean;
  readonly #offsets = new Map<number, number>();
  readonly #memoSeconds = new Float64Array(memoSize).fill(Number.NaN);
  readonly #memoTexts: string[] = new Array<string>(memoSize).fill('');
  #dayNumber = Number.NaN;
  #dayText = '';

  /** An unknown zone is taken as UTC. */
  constructor(zoneName: string, iso: boolean) {
    this.zoneName = IANAZone.isValidZone(zoneName) ? zoneName : 'UTC';
    this.#zone = IANAZone.create(this.zoneName);
    this.#iso = iso;
  }

  /** `2026-03-29 03:00:00`, or `2026-03-29T03:00:00+02:00`. */
  format(atMs: number): string {
    const second = Math.floor(atMs / 1000);
    const slot = second & (memoSize - 1);
    if (this.#memoSeconds[slot] === second) return this.#memoTexts[slot] as string;
    const text = this.#write(second);
    this.#memoSeconds[slot] = second;
    this.#memoTexts[slot] = text;
    return text;
  }

  /** As `format`, null for an instant that never was (0). */
  orNull(atMs: number): string | null {
    return atMs > 0 ? this.format(atMs) : null;
  }

  /** `2026-03-29`, whatever the form of dates with time. */
  formatDay(atMs: number): string {
    return this.#day(Math.floor((atMs / 1000 + this.#offsetMin(atMs) * 60) / 86_400));
  }

  #write(second: number): string {
    const offsetMin = this.#offsetMin(second * 1000);
    const local = second + offsetMin * 60;
    const day = Math.floor(local / 86_400);
    const rest = local - day * 86_400;
    const hours = twoDigits[Math.floor(rest / 3600)];
    const minutes = twoDigits[Math.floor(rest / 60) % 60];
    const time = `${hours}:${minutes}:${twoDigits[rest % 60]}`;
    return this.#iso ? `${this.#day(day)}T${time}${offsetText(offsetMin)}` : `${this.#day(day)} ${time}`;
  }

  #day(dayNumber: number): string {
    if (dayNumber !== this.#dayNumber) {
      this.#dayText = new Date(dayNumber * 86_400_000).toISOString().slice(0, 10);
      this.#dayNumber = dayNumber;
    }
    return this.#dayText;
  }

  #offsetMin(atMs: number): number {
    if (atMs < slotsSinceMs) return Math.round(this.#zone.offset(atMs));
    const slot = Math.floor(atMs / slotMs);
    const known = this.#offsets.get(slot);
    if (known !== undefined) return known;
    if (this.#offsets.size >= maxSlots) this.#offsets.clear();
    const offset = Math.round(this.#zone.offset(slot * slotMs));
    this.#offsets.set(slot, offset);
    return offset;
  }
}

/** `+05:30`; `Z` at no offset. */
function offsetText(offsetMin: number): string {
  if (offsetMin === 0) return 'Z';
  const minutes = Math.abs(offsetMin);
  return `${offsetMin < 0 ? '-' : '+'}${twoDigits[Math.floor(minutes / 60)]}:${twoDigits[minutes % 60]}`;
}

const formatters = new Map<string, DateFormat>();

/** The formatter of a zone; one instance serves all users of the zone. */
export function dateFormat(zoneName: string, iso: boolean): DateFormat {
  const key = `${iso ? 'iso' : 'plain'} ${zoneName}`;
  const known = formatters.get(key);
  if (known !== undefined) return known;
  const [oldest] = formatters.keys();
  if (formatters.size >= maxFormatters && oldest !== undefined) formatters.delete(oldest);
  const made = new DateFormat(zoneName, iso);
  formatters.set(key, made);
  return made;
}

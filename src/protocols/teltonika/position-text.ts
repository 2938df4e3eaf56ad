/**
 * The place in the answer to `getgps`: what a unit says about itself when it is asked where it is.
 *
 * Source: Teltonika wiki, "FMB getgps".
 */
import type { Position } from '../../domain/update.js';

export interface ToldPosition {
  readonly position: Position;
  /** Unix ms */
  readonly at: number;
}

const place = /^GPS: ?1 Sat: ?(\d{1,2}) Lat: ?(-?\d{1,2}\.\d+) Long: ?(-?\d{1,3}\.\d+) Alt: ?(-?\d{1,5}) /;
const motion = / Speed: ?(\d{1,3}) Dir: ?(\d{1,3}) /;
const instant = / Date: ?(\d{4})\/(\d{1,2})\/(\d{1,2}) Time: ?(\d{1,2}):(\d{1,2}):(\d{1,2})$/;

/** Undefined when `text` is another answer, or there was no fix. */
export function toldPosition(text: string): ToldPosition | undefined {
  const [, satellites, lat, lng, altitudeM] = numbersOf(place, text);
  const [, speedKmh, headingDeg] = numbersOf(motion, text);
  const at = instantOf(numbersOf(instant, text));
  if (lat === undefined || lng === undefined || speedKmh === undefined || headingDeg === undefined) return undefined;
  const isPlace = Math.abs(lat) <= 90 && Math.abs(lng) <= 180 && !(lat === 0 && lng === 0) && headingDeg <= 360;
  if (!isPlace || at === undefined) return undefined;
  return {
    position: { lat, lng, valid: true, speedKmh, headingDeg: headingDeg % 360, altitudeM, satellites },
    at,
  };
}

function numbersOf(pattern: RegExp, text: string): number[] {
  return (pattern.exec(text) ?? []).map(Number);
}

function instantOf([, year, month, day, hour, minute, second]: number[]): number | undefined {
  if (year === undefined || month === undefined) return undefined;
  const at = Date.UTC(year, month - 1, day, hour, minute, second);
  return new Date(at).getUTCMonth() === month - 1 ? at : undefined;
}

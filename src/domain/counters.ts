/**
 * Counters of a vehicle: the distance it has come and the hours its engine has run. A unit's own totals come first; where it has none,
 * distance is added up from fixes and hours from the ignition. These sums only go forward in time: a record that is sent again or late
 * adds nothing, so folding records twice gives the same.
 */
import type { UnitState } from './state.js';

const earthRadiusKm = 6371.0088;
const radPerDeg = Math.PI / 180;
/** Up to this difference of angles the ground is flat enough: the error stays below a thousandth. Degrees. */
const flatDeg = 1;

/** Distance between two points on the ground, km. Degrees WGS 84. */
export function distanceKm(latA: number, lngA: number, latB: number, lngB: number): number {
  const north = latB - latA;
  const across = Math.abs(lngB - lngA);
  const east = across > 180 ? 360 - across : across;
  if (north < flatDeg && north > -flatDeg && east < flatDeg) {
    const shortened = east * Math.cos(((latA + latB) / 2) * radPerDeg);
    return Math.sqrt(north * north + shortened * shortened) * radPerDeg * earthRadiusKm;
  }
  const sinNorth = Math.sin((north * radPerDeg) / 2);
  const sinEast = Math.sin((east * radPerDeg) / 2);
  const chord = sinNorth * sinNorth + Math.cos(latA * radPerDeg) * Math.cos(latB * radPerDeg) * sinEast * sinEast;
  return 2 * earthRadiusKm * Math.asin(Math.min(1, Math.sqrt(chord)));
}

/** Slower than this a unit stands, and what its fixes differ by is noise, km/h. */
const standingKmh = 3;
/** Unless they differ by this: units that do not tell their speed move all the same. */
const noiseKm = 0.1;
/** Nothing that carries a unit goes faster: a fix that says so is wrong, km/h. */
const fastestKmh = 1000;
const hourMs = 3_600_000;

/** Distance added up from fixes. Its fields are plain values, for snapshots. */
export class Odometer {
  km = 0;
  /** The last point of the track. */
  lat = 0;
  lng = 0;
  /** Time of the newest fix looked at, ms since 1970 UTC; 0 before the first. */
  at = 0;

  /** Takes a fix; one that is not newer than the last adds nothing. */
  add(lat: number, lng: number, speedKmh: number, at: number): void {
    if (at <= this.at) return;
    const isFirst = this.at === 0;
    const reachKm = (fastestKmh * (at - this.at)) / hourMs + noiseKm;
    this.at = at;
    if (lat === this.lat && lng === this.lng) return;
    const km = isFirst ? 0 : distanceKm(this.lat, this.lng, lat, lng);
    if (!isFirst && speedKmh < standingKmh && km < noiseKm) return;
    this.lat = lat;
    this.lng = lng;
    // The track goes on from a wrong fix too, so that there and back count nothing.
    if (km <= reachKm) this.km += km;
  }
}

/** The ignition says nothing of an engine that was not heard of for longer, ms. */
const longestSilenceMs = 2 * hourMs;

/** Time with the ignition on. Its fields are plain values, for snapshots. */
export class HourMeter {
  ms = 0;
  isOn = false;
  /** Time of the newest word about the ignition, ms since 1970 UTC; 0 before the first. */
  at = 0;

  /** Takes what the ignition was at a time; the past is not looked at again. */
  add(isOn: boolean, at: number): void {
    if (at < this.at) return;
    const sinceMs = at - this.at;
    if (this.isOn && sinceMs <= longestSilenceMs) this.ms += sinceMs;
    this.isOn = isOn;
    this.at = at;
  }

  get hours(): number {
    return this.ms / hourMs;
  }
}

export const counterTypes = ['odometer', 'engine_hours'] as const;
export type CounterType = (typeof counterTypes)[number];

/** Totals that units send themselves, the best first: km and hours. */
const ownTotals: Readonly<Record<CounterType, readonly string[]>> = {
  odometer: ['hw_mileage', 'can_mileage'],
  engine_hours: ['engine_hours', 'can_engine_hours'],
};

/** What a total is made of: the name of a field, or `summed` for what is added up here. */
export type TotalSource = string;
export const summed: TotalSource = 'summed';

/** A total with the time it is of, ms since 1970 UTC. */
export interface Total {
  readonly by: TotalSource;
  /** km or hours. */
  readonly value: number;
  readonly at: number;
}

/** The sum of a unit: 0 at the time 0 before anything could be added. */
export function summedTotal(state: UnitState | undefined, type: CounterType): Total {
  if (state === undefined) return { by: summed, value: 0, at: 0 };
  const { odometer, hourMeter } = state;
  return type === 'odometer'
    ? { by: summed, value: odometer.km, at: odometer.at }
    : { by: summed, value: hourMeter.hours, at: hourMeter.at };
}

/** A total that a unit sends under a name; undefined when it has sent none. */
export function sentTotal(state: UnitState | undefined, name: string): Total | undefined {
  const field = state?.fields.get(name);
  return typeof field?.value === 'number' ? { by: name, value: field.value, at: field.at } : undefined;
}

/**
 * The best total of a unit. One that stands at 0 is mostly one that the unit does not count, so a sum goes before it. Undefined while
 * nothing is known.
 */
export function bestTotal(state: UnitState | undefined, type: CounterType): Total | undefined {
  const sent = ownTotals[type].map((name) => sentTotal(state, name)).filter((total) => total !== undefined);
  const sum = summedTotal(state, type);
  return sent.find(({ value }) => value > 0) ?? (sum.at > 0 ? sum : sent[0]);
}

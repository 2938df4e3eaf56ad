/** Small arithmetic that the parts of a vehicle share. */

/** `value` with `digits` digits after the point. */
export function roundTo(value: number, digits: number): number {
  const scale = 10 ** digits;
  return Math.round(value * scale) / scale;
}

/** `value`, or the nearer of `min` and `max` when it is outside. */
export function clamp(value: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, value));
}

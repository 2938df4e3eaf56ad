/**
 * Percent of the internal battery, from the unit's own figure or from its volts. The volts of the vehicle never become percent.
 */
import { type DeviceModel, hasChargeCurve } from '../../domain/models.js';

/** Rest voltage of one Li-ion cell at light load: volts, percent. Within 10 %. */
const cellCurve: readonly (readonly [volts: number, percent: number])[] = [
  [3.3, 0],
  [3.4, 3],
  [3.5, 8],
  [3.6, 17],
  [3.65, 24],
  [3.7, 33],
  [3.75, 42],
  [3.8, 50],
  [3.9, 65],
  [4.0, 80],
  [4.1, 90],
  [4.2, 100],
];
/** Above this a single cell cannot be; from here to `twoCellsMinV` a voltage means nothing. */
const cellMaxV = 4.4;
const twoCellsMinV = 6;
const twoCellsMaxV = 8.4;

const clampPercent = (percent: number): number => Math.round(Math.min(100, Math.max(0, percent)));

/** The unit's own percent as an integer of 0-100. */
export function percentOf(level: number): number {
  return clampPercent(level);
}

/** Percent from volts: by the model's charge limits where it has them, else by the cell's curve; null when the volts tell nothing. */
export function percentFromVolts(volts: number, model: DeviceModel | undefined): number | null {
  const empty = model?.battery.min_charge ?? null;
  const full = model?.battery.max_charge ?? null;
  // Models of a fraction (0 to 1) declare no volts.
  if (empty !== null && full !== null && full > 1 && full > empty) {
    return clampPercent(((volts - empty) / (full - empty)) * 100);
  }
  if (model !== undefined && !hasChargeCurve(model)) return null;
  return percentOfCell(volts >= twoCellsMinV && volts <= twoCellsMaxV ? volts / 2 : volts);
}

function percentOfCell(volts: number): number | null {
  if (volts <= 0 || volts > cellMaxV) return null;
  const above = cellCurve.findIndex(([point]) => volts <= point);
  if (above === 0) return 0;
  const [highV, high] = cellCurve[above] ?? [cellMaxV, 100];
  const [lowV, low] = cellCurve[above - 1] ?? [highV, high];
  return highV === lowV || above < 0 ? 100 : clampPercent(low + ((volts - lowV) / (highV - lowV)) * (high - low));
}

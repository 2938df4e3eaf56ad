/**
 * Units of sensor values, and what each measurement system makes of them.
 */
import type { UserRow } from '../../store/rows.js';

type System = UserRow['measurementSystem'];
type Quantity = 'temperature' | 'volume';

interface Unit {
  readonly quantity: Quantity;
  readonly toBase: (value: number) => number;
  readonly fromBase: (value: number) => number;
}

const scaledBy = (quantity: Quantity, factor: number): Unit => ({
  quantity,
  toBase: (value) => value * factor,
  fromBase: (base) => base / factor,
});

/** Types of units that can be converted; values of all others stay as they are. Bases are °C and litres. */
const units: Readonly<Record<string, Unit>> = {
  celsius: scaledBy('temperature', 1),
  fahrenheit: {
    quantity: 'temperature',
    toBase: (fahrenheit) => ((fahrenheit - 32) * 5) / 9,
    fromBase: (celsius) => (celsius * 9) / 5 + 32,
  },
  litre: scaledBy('volume', 1),
  gallon_us: scaledBy('volume', 3.785411784),
  gallon_uk: scaledBy('volume', 4.54609),
};

/** What each measurement system measures in. */
const systemUnits: Readonly<Record<System, Readonly<Record<Quantity, string>>>> = {
  metric: { temperature: 'celsius', volume: 'litre' },
  nautical: { temperature: 'celsius', volume: 'litre' },
  imperial: { temperature: 'celsius', volume: 'gallon_uk' },
  us: { temperature: 'fahrenheit', volume: 'gallon_us' },
  metric_gal_us: { temperature: 'celsius', volume: 'gallon_us' },
};

/** A value in other units. */
export interface Converted {
  readonly converted_units_type: string | null;
  readonly converted_value: number | null;
}

const unconverted: Converted = { converted_units_type: null, converted_value: null };

/** The value in the units of the measurement system; nulls where it is in these already, or cannot be converted. */
export function converted(value: number, unitsType: string, system: System): Converted {
  const unit = Object.hasOwn(units, unitsType) ? units[unitsType] : undefined;
  const wantedType = unit === undefined ? unitsType : systemUnits[system][unit.quantity];
  const wanted = units[wantedType];
  if (unit === undefined || wanted === undefined || wantedType === unitsType) return unconverted;
  return { converted_units_type: wantedType, converted_value: rounded(wanted.fromBase(unit.toBase(value))) };
}

/** Six decimals: converting must not show the noise of binary fractions. */
function rounded(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}

/**
 * The vehicles a fleet is made of, as numbers: mass, engine, gears, tank. Everything a drive reports follows from these.
 */

export interface VehicleKind {
  readonly name: string;
  readonly massKg: number;
  /** Drag coefficient times frontal area, m2. */
  readonly dragAreaM2: number;
  readonly maxPowerKw: number;
  readonly maxSpeedKmh: number;
  /** What the driver asks for from standstill, m/s2. */
  readonly accelerationMps2: number;
  readonly tankLitres: number;
  /** Road speed at 1,000 rpm, lowest gear first, km/h. */
  readonly gearKmh: readonly number[];
  readonly idleRpm: number;
  /** The gearbox keeps the engine above this where a gear allows it; under load above `loadedRpm`. */
  readonly cruiseRpm: number;
  readonly loadedRpm: number;
  readonly idleLph: number;
  /** Share of the fuel's energy that reaches the wheels. */
  readonly efficiency: number;
  /** What it took so far, l/100 km. */
  readonly pastConsumption: number;
  /** Volts of the electrical system: 12 or 24. */
  readonly systemVolts: number;
}

const van: VehicleKind = {
  name: 'van',
  massKg: 2400,
  dragAreaM2: 1.5,
  maxPowerKw: 110,
  maxSpeedKmh: 130,
  accelerationMps2: 1.6,
  tankLitres: 80,
  gearKmh: [7.6, 14.4, 23, 33, 43, 54],
  idleRpm: 800,
  cruiseRpm: 1350,
  loadedRpm: 1800,
  idleLph: 0.8,
  efficiency: 0.33,
  pastConsumption: 10.2,
  systemVolts: 12,
};

const car: VehicleKind = {
  name: 'car',
  massKg: 1450,
  dragAreaM2: 0.65,
  maxPowerKw: 90,
  maxSpeedKmh: 150,
  accelerationMps2: 2,
  tankLitres: 50,
  gearKmh: [7.9, 14.9, 22.5, 30.5, 38.5, 46.5],
  idleRpm: 760,
  cruiseRpm: 1450,
  loadedRpm: 2100,
  idleLph: 0.6,
  efficiency: 0.3,
  pastConsumption: 6.5,
  systemVolts: 12,
};

const truck: VehicleKind = {
  name: 'truck',
  massKg: 14_000,
  dragAreaM2: 5.2,
  maxPowerKw: 240,
  maxSpeedKmh: 89,
  accelerationMps2: 0.9,
  tankLitres: 300,
  gearKmh: [9, 13.5, 20, 29, 39, 51, 66, 80],
  idleRpm: 600,
  cruiseRpm: 1000,
  loadedRpm: 1250,
  idleLph: 1.9,
  efficiency: 0.38,
  pastConsumption: 34,
  systemVolts: 24,
};

/** Drawn from evenly: vans are half of a fleet. */
export const vehicleKinds: readonly VehicleKind[] = [van, van, car, truck];

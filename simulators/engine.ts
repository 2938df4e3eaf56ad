/**
 * The engine as its bus reports it. Speed, gear, rpm, load, throttle, fuel and temperatures follow from one another and from the
 * drive: what is reported as fuel rate is what the tank loses, and rpm is road speed through the gear that is engaged.
 */
import { clamp } from './numbers.js';
import type { Random } from './random.js';
import type { VehicleKind } from './vehicle-kinds.js';

/** What the engine has to do during one step. */
export interface EngineDemand {
  readonly running: boolean;
  readonly speedMps: number;
  readonly accelerationMps2: number;
  /** Rise over run. */
  readonly slope: number;
}

/** Energy of a litre of diesel, kWh. */
const litreKwh = 9.8;
const airDensity = 1.2;
const rollingResistance = 0.01;
const gravity = 9.81;
/** Thermostat, degrees Celsius, and how fast engine and oil come to their temperature, s. */
const thermostatC = 89;
const warmUpS = 260;
const oilWarmUpS = 420;
const coolDownS = 4800;
/** Fuel flows this fast at a pump, l/s. */
const pumpLps = 0.6;
/** Below this share of the tank the driver fuels at the next stop. */
const reserve = 0.3;

export class Engine {
  /** 0 when it stands still. */
  rpm = 0;
  loadPercent = 0;
  throttlePercent = 0;
  fuelLph = 0;
  coolantC: number;
  oilC: number;
  fuelLitres: number;
  /** Since the vehicle was built, l. */
  fuelUsedLitres: number;
  hours: number;
  /** Since the engine was started last, s. */
  runningS = 0;
  readonly #kind: VehicleKind;
  readonly #random: Random;
  readonly #airC: number;
  #refuelling = false;

  constructor(kind: VehicleKind, odometerKm: number, airC: number, random: Random) {
    this.#kind = kind;
    this.#random = random;
    this.#airC = airC;
    this.coolantC = random.chance(0.5) ? airC : random.between(airC, thermostatC);
    this.oilC = this.coolantC;
    this.fuelLitres = kind.tankLitres * random.between(0.2, 0.95);
    this.fuelUsedLitres = (odometerKm / 100) * kind.pastConsumption * random.between(0.92, 1.08);
    this.hours = odometerKm / random.between(38, 52);
  }

  step(seconds: number, demand: EngineDemand): void {
    if (demand.running && this.fuelLitres > 0) this.#run(seconds, demand);
    else this.#rest(seconds);
  }

  #run(seconds: number, demand: EngineDemand): void {
    const kind = this.#kind;
    this.#refuelling = false;
    this.runningS += seconds;
    this.hours += seconds / 3600;
    const powerKw = this.#wheelPowerKw(demand);
    this.rpm = this.#rpmAt(demand.speedMps * 3.6, powerKw);
    const available = kind.maxPowerKw * Math.min(1, this.rpm / 3000 + 0.25);
    this.loadPercent = clamp(14 + (86 * Math.max(0, powerKw)) / available, 0, 100);
    this.throttlePercent = powerKw <= 0 ? 0 : clamp(6 + (90 * powerKw) / available, 0, 100);
    const overrun = powerKw < 0 && demand.speedMps > 6;
    this.fuelLph = overrun ? 0 : kind.idleLph + Math.max(0, powerKw) / (kind.efficiency * litreKwh);
    const burnt = Math.min(this.fuelLitres, (this.fuelLph * seconds) / 3600);
    this.fuelLitres -= burnt;
    this.fuelUsedLitres += burnt;
    this.coolantC += ((thermostatC + this.loadPercent / 30 - this.coolantC) * seconds) / warmUpS;
    this.oilC += ((thermostatC + 6 - this.oilC) * seconds) / oilWarmUpS;
  }

  #rest(seconds: number): void {
    this.rpm = 0;
    this.loadPercent = 0;
    this.throttlePercent = 0;
    this.fuelLph = 0;
    this.runningS = 0;
    this.coolantC += ((this.#airC - this.coolantC) * seconds) / coolDownS;
    this.oilC += ((this.#airC - this.oilC) * seconds) / coolDownS;
    this.#refuel(seconds);
  }

  #refuel(seconds: number): void {
    const full = this.#kind.tankLitres * 0.97;
    if (this.fuelLitres < this.#kind.tankLitres * reserve) this.#refuelling = true;
    if (!this.#refuelling) return;
    this.fuelLitres = Math.min(full, this.fuelLitres + pumpLps * seconds);
    if (this.fuelLitres >= full) this.#refuelling = false;
  }

  #wheelPowerKw(demand: EngineDemand): number {
    const kind = this.#kind;
    const v = demand.speedMps;
    const inertia = kind.massKg * demand.accelerationMps2;
    const climb = kind.massKg * gravity * (rollingResistance + demand.slope);
    const drag = 0.5 * airDensity * kind.dragAreaM2 * v * v;
    return Math.min(kind.maxPowerKw, ((inertia + climb + drag) * v) / 1000);
  }

  /** The highest gear that keeps the engine above what it likes; idling below the first gear's walking pace. */
  #rpmAt(speedKmh: number, powerKw: number): number {
    const kind = this.#kind;
    const idle = kind.idleRpm + 8 * this.#random.noise();
    const wanted = powerKw > kind.maxPowerKw * 0.25 ? kind.loadedRpm : kind.cruiseRpm;
    for (let gear = kind.gearKmh.length - 1; gear >= 0; gear--) {
      const rpm = (speedKmh * 1000) / (kind.gearKmh[gear] as number);
      if (rpm >= wanted || (gear === 0 && rpm > idle)) return rpm;
    }
    return idle;
  }
}

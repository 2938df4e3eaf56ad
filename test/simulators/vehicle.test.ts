import { describe, expect, it } from 'vitest';
import { Vehicle } from '../../simulators/vehicle.js';
import { fieldOf } from '../../src/domain/fields.js';
import { type StateUpdate, fieldValue as valueIn } from '../../src/domain/update.js';

const hour = 3600;
const fleet = () => Array.from({ length: 4 }, (_, number) => new Vehicle({ seed: 11, number }));

/** Records of `vehicle`, one each `stepS` seconds for `totalS` seconds. */
function drive(vehicle: Vehicle, totalS: number, stepS: number): StateUpdate[] {
  const records: StateUpdate[] = [];
  for (let at = 0; at < totalS; at += stepS) {
    vehicle.advance(stepS);
    records.push(vehicle.record(at * 1000, false));
  }
  return records;
}

const numberOf = (update: StateUpdate, name: string): number => valueIn(update, name) as number;

function metresBetween(a: StateUpdate, b: StateUpdate): number {
  const [from, to] = [a.position!, b.position!];
  const north = (to.lat! - from.lat!) * 111_320;
  const east = (to.lng! - from.lng!) * 111_320 * Math.cos((from.lat! * Math.PI) / 180);
  return Math.hypot(north, east);
}

describe('Vehicle', () => {
  it('drives the same way for the same seed', () => {
    const records = () => drive(new Vehicle({ seed: 3, number: 4 }), 600, 5);
    expect(records()).toEqual(records());
    expect(drive(new Vehicle({ seed: 3, number: 5 }), 60, 5)).not.toEqual(records().slice(0, 12));
  });

  it('does not depend on how its time is cut where the step is not', () => {
    const [once, twice] = [new Vehicle({ seed: 3, number: 4 }), new Vehicle({ seed: 3, number: 4 })];
    once.advance(10);
    for (let i = 0; i < 20; i++) twice.advance(0.5);
    expect(twice.drive.distanceM).toBeCloseTo(once.drive.distanceM, 6);
    expect(twice.drive.route.eastM).toBeCloseTo(once.drive.route.eastM, 6);
  });

  it('uses only known names, with values of their kind and range', () => {
    for (const record of fleet().flatMap((vehicle) => drive(vehicle, 900, 10))) {
      expect(new Set(record.names).size).toBe(record.names.length);
      expect(record.values.length).toBe(record.names.length);
      record.names.forEach((name, i) => {
        const row = fieldOf(name);
        const value = record.values[i];
        expect(row, name).toBeDefined();
        expect(typeof value, name).toBe(
          { number: 'number', flag: 'boolean', text: 'string', list: 'object' }[row!.kind],
        );
        if (typeof value !== 'number') return;
        expect(Number.isFinite(value), `${name} ${value}`).toBe(true);
        expect(value, name).toBeGreaterThanOrEqual(row!.min ?? Number.NEGATIVE_INFINITY);
        expect(value, name).toBeLessThanOrEqual(row!.max ?? Number.POSITIVE_INFINITY);
      });
    }
  });

  it('accelerates, brakes and turns as a vehicle can', () => {
    for (const vehicle of fleet()) {
      let speed = vehicle.drive.speedMps;
      let heading = vehicle.drive.route.headingRad;
      for (let i = 0; i < hour; i++) {
        vehicle.advance(0.5);
        const acceleration = (vehicle.drive.speedMps - speed) / 0.5;
        expect(acceleration).toBeLessThan(vehicle.kind.accelerationMps2 + 1e-6);
        expect(acceleration).toBeGreaterThan(-3.6);
        speed = vehicle.drive.speedMps;
        expect(speed * 3.6).toBeLessThanOrEqual(vehicle.kind.maxSpeedKmh + 0.1);
        const turned = Math.abs(((vehicle.drive.route.headingRad - heading + 3 * Math.PI) % (2 * Math.PI)) - Math.PI);
        expect((turned / 0.5) * speed).toBeLessThan(2.7);
        heading = vehicle.drive.route.headingRad;
      }
    }
  });

  it('moves as fast as it says, without jumps', () => {
    for (const vehicle of fleet()) {
      const records = drive(vehicle, 1800, 1);
      for (let i = 1; i < records.length; i++) {
        const [before, now] = [records[i - 1]!, records[i]!];
        const mean = (before.position!.speedKmh! + now.position!.speedKmh!) / 2 / 3.6;
        expect(Math.abs(metresBetween(before, now) - mean)).toBeLessThan(2.2);
      }
    }
  });

  it('stays within reach of its place', () => {
    for (const vehicle of fleet()) {
      drive(vehicle, 3 * hour, 5);
      expect(Math.hypot(vehicle.eastM, vehicle.northM)).toBeLessThan(25_000);
    }
  });

  it('reports engine values that agree with each other', () => {
    for (const vehicle of fleet()) {
      for (const record of drive(vehicle, hour / 2, 1)) {
        const speed = record.position!.speedKmh!;
        const rpm = numberOf(record, 'can_rpm');
        expect(numberOf(record, 'obd_rpm')).toBe(rpm);
        expect(numberOf(record, 'obd_speed')).toBe(numberOf(record, 'can_speed'));
        expect(Math.abs(numberOf(record, 'can_speed') - speed)).toBeLessThanOrEqual(2);
        const running = valueIn(record, 'ignition') as boolean;
        expect(valueIn(record, 'can_engine_state')).toBe(running);
        expect(rpm > 0).toBe(running);
        if (!running)
          expect([speed, numberOf(record, 'can_fuel_rate'), numberOf(record, 'obd_throttle')]).toEqual([0, 0, 0]);
        const exact = vehicle.kind.gearKmh.map((kmh) => (speed * 1000) / kmh);
        const idle = Math.abs(rpm - vehicle.kind.idleRpm) < 40;
        expect(
          idle || !running || exact.some((each) => Math.abs(each - rpm) / rpm < 0.12 || Math.abs(each - rpm) < 90),
        ).toBe(true);
        const volts = numberOf(record, 'board_voltage') / (vehicle.kind.systemVolts / 12);
        expect(volts > (running ? 13.6 : 12.2) && volts < (running ? 14.5 : 12.9)).toBe(true);
      }
    }
  });

  it('burns what it reports: tank, counter and rate tell one story', () => {
    for (const vehicle of fleet()) {
      const { fuelLitres, fuelUsedLitres } = vehicle.engine;
      const startKm = vehicle.odometerKm;
      let burnt = 0;
      let refuelled = 0;
      for (let i = 0; i < 2 * 2 * hour; i++) {
        const before = vehicle.engine.fuelLitres;
        vehicle.advance(0.5);
        burnt += (vehicle.engine.fuelLph * 0.5) / 3600;
        refuelled += Math.max(0, vehicle.engine.fuelLitres - before);
      }
      expect(vehicle.engine.fuelUsedLitres - fuelUsedLitres).toBeCloseTo(burnt, 6);
      expect(fuelLitres + refuelled - vehicle.engine.fuelLitres).toBeCloseTo(burnt, 6);
      const per100Km = (100 * burnt) / (vehicle.odometerKm - startKm);
      expect(per100Km).toBeGreaterThan(vehicle.kind.pastConsumption * 0.6);
      expect(per100Km).toBeLessThan(vehicle.kind.pastConsumption * 1.6);
    }
  });

  it('warms up, parks with the ignition off, and refuels when it runs low', () => {
    const vehicle = new Vehicle({ seed: 11, number: 0 });
    vehicle.engine.fuelLitres = vehicle.kind.tankLitres * 0.2;
    const records = drive(vehicle, 3 * hour, 5);
    const full = records.findIndex((record) => numberOf(record, 'can_fuel') >= 95);
    expect(full).toBeGreaterThan(0);
    expect(valueIn(records[full]!, 'ignition')).toBe(false);
    expect(records.some((record) => numberOf(record, 'can_coolant_t') > 85)).toBe(true);
    expect(records.some((record) => valueIn(record, 'moving') === true)).toBe(true);
  });

  it('does not start again while its relay is engaged', () => {
    const vehicle = new Vehicle({ seed: 11, number: 0 });
    expect(vehicle.switchOutput(1, true)).toBe(true);
    expect(vehicle.switchOutput(3, true)).toBe(false);
    drive(vehicle, 3 * hour, 5);
    const stuckKm = vehicle.odometerKm;
    const record = drive(vehicle, hour, 60).at(-1)!;
    expect([valueIn(record, 'output_1'), valueIn(record, 'engine_blocked'), valueIn(record, 'ignition')]).toEqual([
      true,
      true,
      false,
    ]);
    expect(vehicle.odometerKm).toBe(stuckKm);
    vehicle.switchOutput(1, false);
    drive(vehicle, hour, 5);
    expect(vehicle.odometerKm).toBeGreaterThan(stuckKm);
  });

  it('loses its fix when told to, and keeps the last coordinates plausible', () => {
    const vehicle = new Vehicle({ seed: 11, number: 1, fixLossRate: 0.02 });
    const lost = drive(vehicle, hour, 1).filter((record) => record.position?.valid === false);
    expect(lost.length).toBeGreaterThan(100);
    for (const record of lost) expect([record.position!.satellites, record.position!.speedKmh]).toEqual([0, 0]);
    const sound = drive(new Vehicle({ seed: 11, number: 1 }), hour, 1);
    expect(sound.every((record) => record.position?.valid === true)).toBe(true);
  });
});
